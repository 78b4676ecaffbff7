// Shows what Ahadi pushes to this browser, and opens its page when it is chosen. Holds and caches nothing.
// @ts-check
"use strict";
(() => {
  const scope = /** @type {any} */ (self);

  scope.addEventListener("push", (/** @type {any} */ event) => {
    let told = /** @type {any} */ ({});
    try { told = event.data ? event.data.json() : {}; } catch { /* nothing of ours */ }
    event.waitUntil(scope.registration.showNotification(String(told.title || "Ahadi"), {
      body: String(told.body || ""),
      tag: String(told.tag || ""), // one that comes twice is shown once
      lang: String(told.lang || ""),
      dir: "auto",
      data: { url: String(told.url || "/notices") },
    }));
  });

  scope.addEventListener("notificationclick", (/** @type {any} */ event) => {
    event.notification.close();
    const address = new URL(event.notification.data?.url || "/notices", scope.location.origin);
    if (address.origin !== scope.location.origin) return; // nobody is led elsewhere by a message
    event.waitUntil((async () => {
      const open = await scope.clients.matchAll({ type: "window", includeUncontrolled: true });
      const there = open.find((/** @type {any} */ each) => new URL(each.url).pathname === address.pathname);
      await (there ? there.focus() : scope.clients.openWindow(address.href));
    })());
  });

  // A push service may give this browser another address; the page tells it when it is next open.
  scope.addEventListener("install", () => scope.skipWaiting());
})();
