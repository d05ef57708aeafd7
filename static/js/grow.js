// A textarea as tall as its text. Browsers that know field-sizing do it in CSS.
export default (area) => {
  if (CSS.supports("field-sizing", "content")) return;
  const grow = () => {
    area.rows = Math.max(area.rows, Math.min(30, area.value.split("\n").length + 1));
    while (area.scrollHeight > area.clientHeight && area.rows < 30) area.rows += 1;
  };
  area.addEventListener("input", grow);
  grow();
};
