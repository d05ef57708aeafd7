// A search box becomes a combobox; what it offers is loaded when somebody comes to it.
export default (form) => {
  const box = form.querySelector("input[type=search]");
  const list = document.createElement("ul");
  list.id = `${box.id}-hits`;
  list.className = "hits";
  list.hidden = true;
  list.role = "listbox";
  list.ariaLabel = form.dataset.label;
  box.after(list);
  box.role = "combobox";
  box.ariaExpanded = "false";
  box.ariaAutoComplete = "list";
  box.setAttribute("aria-controls", list.id);
  const wake = async () => (await import("otklik/combobox")).default(form);
  if (document.activeElement === box) wake();
  else box.addEventListener("focus", wake, { once: true });
};
