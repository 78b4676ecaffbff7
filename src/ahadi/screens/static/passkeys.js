// Passkeys: asks the browser to make or show one, and hands what it says to the form around the button.
// @ts-check
"use strict";
(() => {
  if (!window.PublicKeyCredential || !navigator.credentials) return; // the buttons stay hidden

  /** @param {string} text */
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));
  /** @param {ArrayBuffer | null | undefined} buffer */
  const letters = (buffer) => buffer
    ? btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "")
    : undefined;
  /** @param {any[]} [list] */
  const listed = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));
  /** @type {AbortController | null} */
  let waiting = null;

  /** @param {string} address @param {URLSearchParams} [form] */
  async function asked(address, form) {
    const answer = await fetch(address, { method: "POST", body: form, credentials: "same-origin" });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.problem || "");
    return said;
  }

  /** @param {CredentialMediationRequirement} [mediation] */
  async function show(mediation) {
    const options = await asked("/api/sign-in/passkey/options");
    waiting?.abort();
    waiting = new AbortController();
    const publicKey = {
      ...options, challenge: bytes(options.challenge), allowCredentials: listed(options.allowCredentials),
    };
    const shown = /** @type {any} */ (await navigator.credentials.get({ publicKey, mediation, signal: waiting.signal }));
    const { clientDataJSON, authenticatorData, signature, userHandle } = shown.response;
    return said(shown, {
      clientDataJSON: letters(clientDataJSON), authenticatorData: letters(authenticatorData),
      signature: letters(signature), userHandle: letters(userHandle),
    });
  }

  /** @param {HTMLFormElement} form */
  async function make(form) {
    const password = /** @type {any} */ (form.elements.namedItem("password"))?.value || "";
    const options = await asked("/me/passkeys/options", new URLSearchParams({ password }));
    const publicKey = {
      ...options, challenge: bytes(options.challenge), user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: listed(options.excludeCredentials),
    };
    const made = /** @type {any} */ (await navigator.credentials.create({ publicKey }));
    const { clientDataJSON, attestationObject } = made.response;
    return said(made, {
      clientDataJSON: letters(clientDataJSON), attestationObject: letters(attestationObject),
      transports: made.response.getTransports?.() || [],
    });
  }

  /** @param {any} credential @param {object} response */
  const said = (credential, response) => JSON.stringify({
    id: credential.id, rawId: letters(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment || undefined, clientExtensionResults: {},
  });

  /** @param {HTMLFormElement} form @param {string} passkey */
  function send(form, passkey) {
    /** @type {any} */ (form.elements.namedItem("passkey")).value = passkey;
    form.submit(); // what else the form asks for is not needed now
  }

  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-passkey]"))) {
    const form = /** @type {HTMLFormElement} */ (button.form);
    const telling = form.querySelector("[data-passkey-told]");
    /** @param {string} text */
    const tell = (text) => {
      if (telling instanceof HTMLElement) [telling.textContent, telling.hidden] = [text, !text];
    };
    if (location.origin !== button.dataset.origin) {
      tell(button.dataset.elsewhere || "");
      continue;
    }
    button.hidden = false;
    const isNew = button.dataset.passkey === "new";
    const act = async (/** @type {CredentialMediationRequirement} */ mediation) => {
      tell("");
      button.disabled = !mediation;
      try {
        send(form, isNew ? await make(form) : await show(mediation));
      } catch (problem) {
        const { name, message } = /** @type {Error} */ (problem);
        if (!mediation) tell((name === "Error" && message) || button.dataset.failed || "");
      } finally {
        button.disabled = false;
      }
    };
    form.addEventListener("submit", (event) => {
      if (event.submitter !== button) return;
      event.preventDefault();
      void act(/** @type {any} */ (undefined));
    });
    button.addEventListener("click", (event) => {
      if (button.type !== "button") return;
      event.preventDefault();
      void act(/** @type {any} */ (undefined));
    });
    if ("conditional" in button.dataset) {
      void PublicKeyCredential.isConditionalMediationAvailable?.().then((can) => {
        const again = () => void act("conditional");
        if (!can) return;
        again();
        setInterval(again, 8 * 60 * 1000); // the challenge lasts ten minutes
      });
    }
  }
})();
