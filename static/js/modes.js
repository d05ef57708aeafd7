// Whoever opens a way to write wants to write: the focus goes into its box.
export default (modes) => {
  modes.addEventListener(
    "toggle",
    (event) => {
      if (!event.target.open || !event.target.matches(".mode")) return;
      event.target.scrollIntoView({ block: "nearest" });
      event.target.querySelector("textarea, select")?.focus();
    },
    true,
  );
};
