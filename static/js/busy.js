// A sent form shows that it is working and cannot be sent twice.
export default (form) => {
  form.addEventListener("submit", (event) => {
    if (form.ariaBusy === "true") {
      event.preventDefault();
      return;
    }
    // After every other listener: somebody may still stop the form.
    setTimeout(() => {
      if (event.defaultPrevented) return;
      form.ariaBusy = "true";
      event.submitter?.setAttribute("aria-busy", "true");
    });
  });
  // The page came back from the browser's memory.
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    form.ariaBusy = null;
    for (const button of form.querySelectorAll("button[aria-busy]")) button.removeAttribute("aria-busy");
  });
};
