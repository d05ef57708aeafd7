// What the page's own scripts say to the widget. The first line waits for it and passes all on.
window.Otklik = window.Otklik || function () { (Otklik.q = Otklik.q || []).push(arguments); };

// What whoever answers should know of this page: short texts, nothing about the visitor.
Otklik("context", { product: "Карта «Полдень»" });
Otklik("on", "asked", ({ waits }) => console.log(waits ? "asked: a letter confirms it" : "asked"));

for (const button of document.querySelectorAll("[data-open]"))
  button.addEventListener("click", () => Otklik("open", { search: button.dataset.open }));
