// A form that a passkey fills in: the server's question goes to the device, its answer into the form.
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const described = (keys = []) => keys.map((key) => ({ ...key, id: bytes(key.id) }));

const asked = (options, making) => {
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (!making) return { publicKey: { ...publicKey, allowCredentials: described(options.allowCredentials) } };
  publicKey.user = { ...options.user, id: bytes(options.user.id) };
  return { publicKey: { ...publicKey, excludeCredentials: described(options.excludeCredentials) } };
};

const answered = ({ id, rawId, type, response }) => {
  const said = { clientDataJSON: text(response.clientDataJSON) };
  for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (response[part]) said[part] = text(response[part]);
  }
  if (response.getTransports) said.transports = response.getTransports();
  return JSON.stringify({ id, rawId: text(rawId), type, response: said });
};

export default (form) => {
  if (!window.PublicKeyCredential) return;
  form.hidden = false;
  const { question, making, sayFailed } = form.dataset;
  const said = form.querySelector("[data-said]");
  const button = form.querySelector("button");
  let busy = false;

  const prove = async () => {
    const answer = await fetch(question, { method: "POST", headers: { Accept: "application/json" } });
    // Signed out meanwhile, or to be confirmed again: the page itself knows what comes next.
    if (!answer.headers.get("Content-Type")?.startsWith("application/json")) return location.reload();
    const options = asked(await answer.json(), making !== undefined);
    const key = await navigator.credentials[making === undefined ? "get" : "create"](options);
    form.elements.credential.value = answered(key);
    form.requestSubmit();
  };

  form.addEventListener("submit", async (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    said.hidden = true;
    button.setAttribute("aria-busy", "true");
    try {
      await prove();
    } catch {
      said.textContent = sayFailed;
      said.hidden = false;
    } finally {
      busy = false;
      button.removeAttribute("aria-busy");
    }
  });
};
