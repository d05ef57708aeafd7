// Before the first paint: the colours chosen in the footer. Runs in the head, so it is tiny.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage is blocked: the device decides.
}
