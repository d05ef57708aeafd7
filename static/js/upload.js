// A picture chosen in a plain form is shown at once, before anything is sent.
export default (field) => {
  const input = field.querySelector("input[type=file]");
  const row = input.parentElement;
  let picture;
  input.addEventListener("change", () => {
    if (picture) URL.revokeObjectURL(picture.src);
    picture?.remove();
    const file = input.files[0];
    if (!file?.type.startsWith("image/")) return;
    picture = new Image(88, 88);
    picture.className = "avatar avatar--l";
    picture.alt = "";
    picture.src = URL.createObjectURL(file);
    picture.addEventListener("error", () => picture.remove());
    row.prepend(picture);
  });
};
