// Switches push on and off in this browser, and tells the server again where its address or the key changed.
// @ts-check
"use strict";
(() => {
  const section = document.getElementById("push");
  if (!section) return;
  const key = section.dataset.pushKey || "";
  const status = /** @type {HTMLElement} */ (document.getElementById("push-status"));
  const on = /** @type {HTMLButtonElement} */ (document.getElementById("push-on"));
  const off = /** @type {HTMLButtonElement} */ (document.getElementById("push-off"));

  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) {
    status.textContent = status.dataset.unable || "";
    return;
  }

  /** @param {ArrayBuffer | null} bytes */
  const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes || new ArrayBuffer(0))))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  /** @param {string} address @param {Record<string, string>} fields */
  async function send(address, fields) {
    const answer = await fetch(address, { method: "POST", body: new URLSearchParams(fields) });
    if (!answer.ok) throw new Error(String(answer.status));
  }

  /** @param {PushSubscription} subscription */
  const keep = (subscription) => send("/me/notifications/browsers", {
    endpoint: subscription.endpoint, p256dh: text(subscription.getKey("p256dh")),
    auth: text(subscription.getKey("auth")), key,
  });

  async function held() {
    const registration = await navigator.serviceWorker.getRegistration("/");
    const found = (await registration?.pushManager.getSubscription()) || null;
    if (found && text(found.options.applicationServerKey) !== key) { // made for a key that is not ours any more
      await found.unsubscribe();
      return null;
    }
    return found;
  }

  /** Whether the server tells this browser: it may have been switched off from another. */
  async function isKnown() {
    const subscription = await held();
    if (!subscription) return false;
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(subscription.endpoint)));
    const hex = [...digest].map((each) => each.toString(16).padStart(2, "0")).join("");
    return (section?.dataset.pushKnown || "").split(" ").includes(hex);
  }

  async function show() {
    const known = await isKnown();
    status.hidden = true;
    on.hidden = known;
    off.hidden = !known;
  }

  on.addEventListener("click", async () => {
    on.disabled = true;
    try {
      if ((await Notification.requestPermission()) !== "granted") {
        status.textContent = section.dataset.pushRefused || "";
        status.hidden = false;
        return;
      }
      await navigator.serviceWorker.register("/push-worker.js");
      const registration = await navigator.serviceWorker.ready;
      await keep(await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
      location.reload();
    } catch {
      status.textContent = section.dataset.pushFailed || "";
      status.hidden = false;
    } finally {
      on.disabled = false;
    }
  });

  off.addEventListener("click", async () => {
    const subscription = await held();
    if (!subscription) return;
    await send("/me/notifications/browsers/off", { endpoint: subscription.endpoint });
    await subscription.unsubscribe();
    location.reload();
  });

  show();
})();
