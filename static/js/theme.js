// The choice of light, dark, or as the device says; theme-early.js applies it before the paint.
const root = document.documentElement;

export default (group) => {
  const buttons = [...group.querySelectorAll("button")];
  const show = () => {
    for (const button of buttons) {
      button.setAttribute("aria-pressed", button.value === (root.dataset.theme ?? "auto"));
    }
  };
  group.addEventListener("click", (event) => {
    const choice = event.target.closest("button")?.value;
    if (!choice) return;
    if (choice === "auto") delete root.dataset.theme;
    else root.dataset.theme = choice;
    try {
      if (choice === "auto") localStorage.removeItem("theme");
      else localStorage.setItem("theme", choice);
    } catch {
      // Storage is blocked: the choice lasts for this page.
    }
    show();
  });
  show();
  group.hidden = false;
};
