// The chat window of an organisation's own site. One file, nothing else: it lives in a shadow root, keeps what was
// typed until it has arrived, and says when it cannot. See docs/how-to/chat-widget.md.
(() => {
  "use strict";
  const script = document.currentScript;
  if (!script || window.__ahadiChat) return;
  const org = script.dataset.organisation || "";
  if (!org) { console.error("Ahadi: say data-organisation on the script of the chat."); return; }
  window.__ahadiChat = true;
  const api = new URL(`/api/chat/${encodeURIComponent(org)}`, script.src).href;
  const department = script.dataset.department || "";
  const wanted = (script.dataset.language || document.documentElement.lang || navigator.language || "en").toLowerCase();
  const language = { sw: "sw", ar: "ar" }[wanted.split("-")[0]] || "en";

  const WORDS = {
    en: {
      open: "Chat with us", close: "Close the chat", title: "Chat with {o}", unread: "{n} new", log: "Conversation",
      there: "We are here now.", back: "Nobody is here now. Somebody will be {w}.", away: "Nobody is free just now.",
      leave: "Leave a message: it becomes a request with a promise, and we answer it.", write: "Write a message",
      send: "Send", name: "Your name", email: "E-mail address", phone: "Telephone number", optional: "if you like",
      reach: "How can we reach you if you leave?", promise: "{r}: {t} We promised it by {w}.", zone: "{w} ({z} time)",
      request: "Your request", you: "You", typing: "{n} is typing …", someone: "Somebody", waits: "Waits for the network",
      sending: "Sending", sent: "Sent", seen: "Seen", offline: "No connection. What you write is kept and sent when it is back.",
      attach: "Attach files", drop: "Remove {n}", end: "End the conversation", ended: "The conversation has ended.",
      sure: "End it? This window forgets it; your request goes on.", yes: "End it", no: "Keep it", again: "Begin a new one",
      call: "Call me back", callNow: "Ask for a call", cancel: "Back", failed: "Not sent: {w}", retry: "Try again",
      lost: "The file was lost when the page was left; attach it again.", who: "With {n}", download: "Download {n}",
      big: "A file may have 10 MB, five of them 20 MB together.", noscript: "The chat cannot be reached just now.", files: "Files",
    },
    sw: {
      open: "Zungumza nasi", close: "Funga gumzo", title: "Gumzo na {o}", unread: "{n} mpya", log: "Mazungumzo",
      there: "Tupo hapa sasa.", back: "Hakuna mtu sasa. Mtu atakuwepo {w}.", away: "Hakuna aliye huru sasa hivi.",
      leave: "Acha ujumbe: utakuwa ombi lenye ahadi, nasi tutalijibu.", write: "Andika ujumbe",
      send: "Tuma", name: "Jina lako", email: "Barua pepe", phone: "Nambari ya simu", optional: "ukipenda",
      reach: "Tukupate vipi ukiondoka?", promise: "{r}: {t} Tumeahidi kufikia {w}.", zone: "{w} (saa za {z})",
      request: "Ombi lako", you: "Wewe", typing: "{n} anaandika …", someone: "Mtu", waits: "Unasubiri mtandao",
      sending: "Unatumwa", sent: "Umetumwa", seen: "Umeonekana", offline: "Hakuna mtandao. Unachoandika kinahifadhiwa na kutumwa utakaporudi.",
      attach: "Ambatisha faili", drop: "Ondoa {n}", end: "Maliza mazungumzo", ended: "Mazungumzo yameisha.",
      sure: "Umalize? Dirisha hili litayasahau; ombi lako linaendelea.", yes: "Maliza", no: "Endelea", again: "Anza mapya",
      call: "Nipigieni simu", callNow: "Omba kupigiwa", cancel: "Rudi", failed: "Haujatumwa: {w}", retry: "Jaribu tena",
      lost: "Faili ilipotea ukurasa ulipofungwa; iambatishe tena.", who: "Na {n}", download: "Pakua {n}",
      big: "Faili moja MB 10, tano kwa pamoja MB 20.", noscript: "Gumzo halipatikani kwa sasa.", files: "Faili",
    },
    ar: {
      open: "تحدّث معنا", close: "أغلق الدردشة", title: "دردشة مع {o}", unread: "{n} جديد", log: "المحادثة",
      there: "نحن هنا الآن.", back: "لا أحد هنا الآن. يكون أحدنا هنا {w}.", away: "لا أحد متاح الآن.",
      leave: "اترك رسالة: تصبح طلبًا له وعد، ونرد عليها.", write: "اكتب رسالة",
      send: "إرسال", name: "اسمك", email: "البريد الإلكتروني", phone: "رقم الهاتف", optional: "إن شئت",
      reach: "كيف نصل إليك إن غادرت؟", promise: "{r}: {t} وعدنا بذلك قبل {w}.", zone: "{w} (بتوقيت {z})",
      request: "طلبك", you: "أنت", typing: "{n} يكتب …", someone: "أحدنا", waits: "ينتظر الشبكة",
      sending: "قيد الإرسال", sent: "أُرسلت", seen: "شوهدت", offline: "لا يوجد اتصال. ما تكتبه يُحفظ ويُرسل حين يعود.",
      attach: "أرفق ملفات", drop: "أزل {n}", end: "أنهِ المحادثة", ended: "انتهت المحادثة.",
      sure: "أتنهيها؟ تنساها هذه النافذة؛ ويستمر طلبك.", yes: "أنهِها", no: "أبقِها", again: "ابدأ محادثة جديدة",
      call: "اتصلوا بي", callNow: "اطلب مكالمة", cancel: "رجوع", failed: "لم تُرسل: {w}", retry: "حاول مجددًا",
      lost: "فُقد الملف حين غادرت الصفحة؛ أرفقه من جديد.", who: "مع {n}", download: "نزّل {n}",
      big: "الملف حتى 10 ميغابايت، وخمسة معًا 20 ميغابايت.", noscript: "لا يمكن الوصول إلى الدردشة الآن.", files: "ملفات",
    },
  }[language];
  const say = (key, values = {}) => WORDS[key].replace(/{(\w)}/g, (_, name) => values[name] ?? "");

  // What is kept: the token, how far was read, what was said, and what has not arrived yet ------------------------

  const KEY = `ahadi-chat:${api}`;
  const fresh = () => ({ token: "", last: 0, seen: 0, said: [], queue: [], open: false, draft: "", who: {} });
  const blobs = new Map(); // files cannot be kept over a reload
  let memory = null;
  const load = () => {
    if (memory) return memory;
    try { return { ...fresh(), ...JSON.parse(localStorage.getItem(KEY) || "{}") }; } catch { return (memory = fresh()); }
  };
  let kept = load();
  const keep = () => {
    if (memory) return;
    try { localStorage.setItem(KEY, JSON.stringify({ ...kept, said: kept.said.slice(-200) })); } catch { memory = kept; }
  };
  // Several tabs share what is kept: whoever changes it reads it anew first.
  const change = (deed) => { kept = load(); deed(kept); keep(); };
  const locked = (name, deed) => navigator.locks ? navigator.locks.request(KEY + name, deed) : deed();
  const newId = () => crypto.randomUUID ? crypto.randomUUID() : [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");

  let state = null, online = true, ended = false, typing = "", typingUntil = 0, problem = "", calling = false, ending = false;

  // Talking with the server -------------------------------------------------------------------------------------

  async function ask(path, options = {}) {
    const headers = kept.token && !options.nobody ? { Authorization: `Bearer ${kept.token}` } : {};
    const { nobody, query, ...rest } = options;
    const search = new URLSearchParams({ language, department, ...query });
    const answer = await fetch(`${api}/${path}?${search}`, { credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store", headers, ...rest });
    if (answer.ok) return answer;
    const told = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(told.detail || answer.statusText), { status: answer.status, after: Number(answer.headers.get("Retry-After")) || 0 });
  }

  const start = () => locked(":start", async () => {
    kept = load();
    if (kept.token) return;
    const { token } = await (await ask("start", { method: "POST", nobody: true })).json();
    change((k) => { k.token = token; k.last = 0; });
  });

  let flushing = false, flushAgain = 0;
  async function flush() {
    if (flushing) { return; }
    flushing = true;
    try {
      await locked(":send", async () => {
        kept = load();
        while (kept.queue.some((each) => !each.failed)) {
          const next = kept.queue.find((each) => !each.failed);
          if (!(await sendOne(next))) break;
        }
      });
    } finally {
      flushing = false;
      draw();
    }
  }

  async function sendOne(next) {
    try {
      if (!kept.token) await start();
      const form = new FormData();
      for (const name of ["client_id", "text", "name", "email", "phone"]) if (next[name]) form.set(name, next[name]);
      form.set("department", department);
      form.set("page", location.origin + location.pathname);
      const files = blobs.get(next.client_id) || [];
      if (next.files && next.files.length && !files.length) throw Object.assign(new Error(WORDS.lost), { status: 422 });
      for (const each of files) form.append("file", each, each.name);
      await ask(next.call ? "callback" : "messages", { method: "POST", body: form });
      blobs.delete(next.client_id);
      change((k) => {
        const done = k.queue.find((each) => each.client_id === next.client_id);
        if (done) done.arrived = true;
        k.queue = k.queue.filter((each) => each.client_id !== next.client_id);
        // Shown as sent until the stream tells it with its position; then it is the stream's.
        if (!k.said.some((each) => each.client_id === next.client_id)) k.said.push({ ...next, from: "you", position: 0, files: [] });
      });
      isBack();
      listen();
      draw();
      return true;
    } catch (error) {
      if (error.status === 401) { forget(); return false; }
      if (error.status && error.status < 500 && error.status !== 429 && error.status !== 408) {
        change((k) => { const it = k.queue.find((each) => each.client_id === next.client_id); if (it) it.failed = error.message; });
        return true;
      }
      if (!error.status) isLost();
      clearTimeout(flushAgain);
      flushAgain = setTimeout(flush, (error.after || 3) * 1000);
      return false;
    }
  }

  // A token that is worth nothing any more: what was not sent yet begins a new conversation.
  function forget() {
    stop();
    change((k) => {
      const waiting = k.queue.map((each) => ({ ...k.who, ...each }));
      Object.assign(k, fresh(), { queue: waiting, open: k.open, draft: k.draft });
    });
    ended = !kept.queue.length;
    state = null;
    look();
    if (kept.queue.length) setTimeout(flush, 500);
    draw();
  }

  const isLost = () => { if (online) { online = false; draw(); } };
  const isBack = () => { if (!online) { online = true; draw(); } };

  let stream = null, failures = 0, retry = 0;
  async function listen() {
    if (stream || !kept.token) return;
    const mine = stream = new AbortController();
    let heard = Date.now();
    // A connection that fell silent is no connection: the server gives a sign of life every fifteen seconds.
    const watch = setInterval(() => { if (Date.now() - heard > 40000) mine.abort(); }, 5000);
    try {
      const answer = await ask("events", { query: { after: String(kept.last) }, signal: mine.signal, headers: { Authorization: `Bearer ${kept.token}`, Accept: "text/event-stream" } });
      failures = 0;
      isBack();
      flush();
      const reader = answer.body.getReader(), decoder = new TextDecoder();
      for (let text = ""; ;) {
        const { value, done } = await reader.read();
        if (done) break;
        heard = Date.now();
        text += decoder.decode(value, { stream: true });
        for (let at; (at = text.indexOf("\n\n")) >= 0; text = text.slice(at + 2)) hear(text.slice(0, at));
      }
    } catch (error) {
      if (error.status === 401) { if (stream === mine) { stream = null; forget(); } return; }
      if (!error.status && !mine.signal.aborted || !navigator.onLine) isLost();
      if (error.status === 429) failures += 3;
    } finally {
      clearInterval(watch);
      if (stream === mine) { stream = null; again(); }
    }
  }
  function again() {
    failures += 1;
    clearTimeout(retry);
    retry = setTimeout(listen, Math.min(15000, 400 * 2 ** Math.min(failures, 6)) * (0.7 + Math.random() * 0.6));
  }
  function stop() { clearTimeout(retry); const old = stream; stream = null; old?.abort(); }

  function hear(block) {
    const field = (name) => block.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const kind = field("event");
    if (!kind) return;
    const told = JSON.parse(field("data") || "{}");
    if (kind === "ended") return forget();
    if (kind === "typing") { typing = told.name || WORDS.someone; typingUntil = Date.now() + 6000; setTimeout(draw, 6100); }
    if (kind === "state") state = told;
    if (kind === "message") {
      typing = "";
      change((k) => {
        k.last = Math.max(k.last, told.position);
        if (k.said.some((each) => each.position === told.position)) return;
        k.said = k.said.filter((each) => !(told.client_id && each.client_id === told.client_id));
        k.queue = k.queue.filter((each) => each.client_id !== told.client_id);
        k.said.push(told);
        k.said.sort((a, b) => (a.position || 1e9) - (b.position || 1e9));
      });
      if (told.from === "us" && !(kept.open && !document.hidden)) announce(`${told.name}: ${told.text}`);
    }
    draw();
    see();
  }

  const signs = {};
  const signal = (path, every, query) => {
    if (!kept.token || !online || Date.now() - (signs[path] || 0) < every) return;
    signs[path] = Date.now();
    ask(path, { method: "POST", query }).catch(() => { signs[path] = 0; });
  };
  function see() {
    const newest = Math.max(0, ...kept.said.map((each) => each.position || 0));
    if (!kept.open || document.hidden || newest <= kept.seen) return;
    change((k) => { k.seen = newest; });
    if (state) signs.seen = 0;
    signal("seen", 0, { position: String(newest) });
    draw();
  }
  const unread = () => kept.said.filter((each) => each.from === "us" && each.position > kept.seen).length;

  async function look() {
    if (kept.token) return;
    try { state = await (await ask("state", { nobody: true })).json(); isBack(); } catch (error) { if (!error.status) isLost(); else problem = WORDS.noscript; }
    draw();
  }

  // What is shown -----------------------------------------------------------------------------------------------

  const host = document.createElement("aside");
  host.id = "ahadi-chat";
  host.setAttribute("aria-label", WORDS.open);
  host.lang = language;
  host.dir = language === "ar" ? "rtl" : document.documentElement.dir || getComputedStyle(document.documentElement).direction;
  const root = host.attachShadow({ mode: "open" });
  const CSS = `
:host{all:initial;position:fixed;inset-block-end:1rem;inset-inline-end:1rem;z-index:2147483000;color-scheme:light dark;direction:inherit;
--ink:light-dark(#16201c,#e7edea);--soft:light-dark(#4a5751,#a9b6b0);--ground:light-dark(#fff,#161d1b);--sunken:light-dark(#eaeeeb,#222c29);--line:light-dark(#84918b,#6b7b74);
--accent:light-dark(#0d6b58,#58c9ac);--on:light-dark(#fff,#06231c);--mine:light-dark(#e3f2ec,#12302a);--bad:light-dark(#ab1f26,#ff9a94);--focus:light-dark(#0b57d0,#8ab8ff);
font:400 15px/1.45 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Arial,sans-serif;color:var(--ink)}
:host([dir=rtl]){direction:rtl}
*{box-sizing:border-box;font:inherit;margin:0}
[hidden]{display:none!important}
button,input,textarea{color:inherit;border:1px solid var(--line);border-radius:.5rem;background:var(--ground);padding:.4rem .7rem;min-block-size:2.25rem}
button{cursor:pointer}button.main{background:var(--accent);color:var(--on);border-color:var(--accent);font-weight:600}
button.bare{border-color:transparent;background:none;padding:.3rem .5rem;min-inline-size:2.25rem}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.launch{position:relative;border-radius:2rem;padding:.7rem 1.2rem;box-shadow:0 2px 12px rgb(0 0 0/.25)}
.badge{position:absolute;inset-block-start:-.4rem;inset-inline-end:-.4rem;background:var(--bad);color:var(--ground);border-radius:1rem;padding:0 .45rem;font-size:.8125rem;font-weight:700}
.panel{display:flex;flex-direction:column;inline-size:min(23rem,calc(100vw - 2rem));block-size:min(36rem,calc(100dvh - 2rem));background:var(--ground);border:1px solid var(--line);border-radius:.875rem;box-shadow:0 6px 32px rgb(0 0 0/.3);overflow:hidden}
header{display:flex;gap:.25rem;align-items:center;padding-block:.5rem;padding-inline:1rem .5rem;border-block-end:1px solid var(--line)}
header div{flex:1;min-inline-size:0}h2{font-size:1rem;font-weight:650}small,.soft{font-size:.8125rem;color:var(--soft)}
.log{flex:1;overflow:auto;padding:.75rem 1rem;display:flex;flex-direction:column;gap:.5rem;list-style:none}
.log li{max-inline-size:85%;overflow-wrap:anywhere}.log li.you{align-self:flex-end;text-align:end}
.log p{white-space:pre-wrap;background:var(--sunken);border-radius:.75rem;padding:.45rem .75rem;text-align:start;unicode-bidi:plaintext;display:inline-block}
.you p{background:var(--mine)}.log small{display:block}.log .bad{color:var(--bad)}
.note{padding:.5rem 1rem;font-size:.875rem;background:var(--sunken);border-block-end:1px solid var(--line);white-space:pre-line}
.note.bad{color:var(--bad);font-weight:600}
form{border-block-start:1px solid var(--line);padding:.6rem .75rem;display:flex;flex-direction:column;gap:.5rem}
label{display:flex;flex-direction:column;gap:.15rem;font-size:.8125rem}label input{font-size:.9375rem;inline-size:100%}
textarea{resize:none;inline-size:100%;min-block-size:3.4rem}.row{display:flex;gap:.4rem;align-items:center;flex-wrap:wrap}.row .main{margin-inline-start:auto}
.hid{position:absolute;inline-size:1px;block-size:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap;padding:0;border:0}
svg{inline-size:1.2em;block-size:1.2em;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;vertical-align:-.2em}
@media (max-width:480px){:host([open]){inset:0}.panel{inline-size:100vw;block-size:100dvh;border:0;border-radius:0}}
@media (prefers-reduced-motion:no-preference){.panel{animation:in .15s}@keyframes in{from{opacity:0;transform:translateY(.5rem)}}}`;
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
  } catch { // a browser without constructed stylesheets; a strict policy of the page may forbid this one
    const style = document.createElement("style");
    style.textContent = CSS;
    root.append(style);
  }

  /** An element; attributes that are functions listen. Text is only ever text. */
  function el(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") made.addEventListener(name, value);
      else if (value === true) made.setAttribute(name, "");
      else if (value !== false && value != null) made.setAttribute(name, value);
    }
    made.append(...children.filter((each) => each != null && each !== false));
    return made;
  }
  const icon = (d) => {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 24 24"); svg.setAttribute("aria-hidden", "true"); path.setAttribute("d", d); svg.append(path);
    return svg;
  };
  const BUBBLE = "M4 5h16v11H9l-5 4z", CROSS = "M6 6l12 12M18 6L6 18", CLIP = "M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 5 5l-8.5 8.5a1.7 1.7 0 0 1-2.5-2.5L15 7", PHONE = "M5 4h4l2 5-2.5 1.5a11 11 0 0 0 5 5L15 13l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 3 6a2 2 0 0 1 2-2";

  let chosen = [];
  const badge = el("span", { class: "badge", "aria-hidden": "true" }), badgeText = el("span", { class: "hid" });
  const launch = el("button", { class: "launch main", type: "button", "aria-expanded": "false", click: () => show(true) }, icon(BUBBLE), " ", el("span", {}, WORDS.open), badge, badgeText);
  const title = el("h2", { id: "t" }), who = el("small");
  const log = el("ol", { class: "log", tabindex: "0", "aria-label": WORDS.log });
  const note = el("div", { class: "note" }), lost = el("div", { class: "note bad", role: "status" });
  const live = el("div", { class: "hid", role: "status", "aria-live": "polite" });
  const typed = el("div", { class: "note", "aria-live": "polite" });
  const text = el("textarea", { id: "m", rows: "2", maxlength: "4000", input: onInput, keydown: onKey });
  const field = (id, type, complete) => el("input", { id, type, autocomplete: complete, maxlength: "200", input: () => change((k) => { k.who[id] = root.getElementById(id).value; }) });
  const name = field("name", "text", "name"), email = field("email", "email", "email"), phone = field("phone", "tel", "tel");
  const label = (key, input, optional) => el("label", {}, el("span", {}, WORDS[key], optional ? ` (${WORDS.optional})` : ""), input);
  const nameLabel = label("name", name, true), emailLabel = label("email", email, true), phoneLabel = label("phone", phone, false);
  const picker = el("input", { type: "file", multiple: true, hidden: true, tabindex: "-1", "aria-hidden": "true", change: () => { chosen = [...chosen, ...picker.files].slice(0, 5); picker.value = ""; draw(); text.focus(); } });
  const chips = el("div", { class: "row" }), wrong = el("div", { class: "soft", role: "alert" });
  const write = el("label", { for: "m", class: "hid" }, WORDS.write);
  const attach = el("button", { class: "bare", type: "button", "aria-label": WORDS.attach, title: WORDS.attach, click: () => picker.click() }, icon(CLIP));
  const call = el("button", { class: "bare", type: "button", click: () => { calling = !calling; draw(); (calling ? phone : text).focus(); } });
  const submit = el("button", { class: "main" });
  const form = el("form", { novalidate: true, submit: (event) => { event.preventDefault(); send(); } },
    nameLabel, emailLabel, phoneLabel, write, text, chips, wrong, el("div", { class: "row" }, attach, picker, call, submit));
  const finish = el("div", { class: "note", role: "alert" }, el("p", {}, WORDS.sure), el("div", { class: "row" },
    el("button", { type: "button", class: "main", click: end }, WORDS.yes), el("button", { type: "button", click: () => { ending = false; draw(); text.focus(); } }, WORDS.no)));
  const endButton = el("button", { class: "bare soft", type: "button", click: () => { ending = true; draw(); finish.querySelector("button").focus(); } }, WORDS.end);
  const closeButton = el("button", { class: "bare", type: "button", "aria-label": WORDS.close, title: WORDS.close, click: () => show(false) }, icon(CROSS));
  const panel = el("section", { class: "panel", role: "dialog", "aria-labelledby": "t", keydown: (event) => { if (event.key === "Escape") show(false); } },
    el("header", {}, el("div", {}, title, who), endButton, closeButton), note, lost, finish, log, typed, form);
  root.append(panel, launch, live);

  function announce(words) { live.textContent = words.slice(0, 200); }
  function onInput() { change((k) => { k.draft = text.value; }); if (text.value.trim()) signal("typing", 3000); }
  function onKey(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
  }
  function show(open) {
    change((k) => { k.open = open; });
    draw();
    if (open) { look(); listen(); see(); text.focus(); log.scrollTop = log.scrollHeight; } else launch.focus();
  }

  function send() {
    const words = text.value.trim();
    wrong.textContent = "";
    if (calling && !phone.value.trim()) { phone.focus(); return; }
    if (!words && !chosen.length && !calling) { text.focus(); return; }
    if (chosen.some((each) => each.size > 1e7) || chosen.reduce((sum, each) => sum + each.size, 0) > 2e7) { wrong.textContent = WORDS.big; return; }
    const client_id = newId();
    if (chosen.length) blobs.set(client_id, chosen);
    ended = false;
    change((k) => {
      k.queue.push({ client_id, text: words, name: name.value.trim(), email: email.value.trim(), phone: calling ? phone.value.trim() : "", call: calling, files: chosen.map((each) => ({ name: each.name, size: each.size })) });
      k.draft = "";
    });
    chosen = []; calling = false; text.value = "";
    draw();
    log.scrollTop = log.scrollHeight;
    text.focus();
    flush();
  }

  async function end() {
    try { if (kept.token) await ask("end", { method: "POST" }); } catch (error) { if (error.status !== 401) { ending = false; wrong.textContent = say("failed", { w: error.message }); return draw(); } }
    ending = false;
    change((k) => { k.queue = []; });
    forget();
    closeButton.focus();
  }

  async function download(file) {
    try {
      const blob = await (await ask(`files/${file.id}`)).blob(), link = el("a", { href: URL.createObjectURL(blob), download: file.name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    } catch (error) { wrong.textContent = say("failed", { w: error.message }); }
  }

  const when = (words) => {
    if (!state?.zone || Intl.DateTimeFormat().resolvedOptions().timeZone === state.zone) return words;
    return say("zone", { w: words, z: state.zone.split("/").pop().replace(/_/g, " ") });
  };

  function standing() {
    const lines = [];
    if (ended) lines.push(WORDS.ended);
    if (problem) lines.push(problem);
    if (state && !state.there && !(state.name && kept.said.some((each) => each.from === "us"))) {
      lines.push(state.back ? say("back", { w: when(state.back) }) : WORDS.away);
      if (!kept.token) lines.push(WORDS.leave);
    } else if (state?.there && !kept.said.length) lines.push(WORDS.there);
    if (state?.promise) {
      const { text: words, when: due } = state.promise, what = words.charAt(0).toLocaleUpperCase() + words.slice(1);
      lines.push(say("promise", { r: `${WORDS.request} ${state.reference}`, t: /[.!?]$/.test(what) ? what : `${what}.`, w: when(due) }));
    }
    return lines.join("\n");
  }

  function entry(each, mark) {
    const item = el("li", { class: each.from === "you" ? "you" : "us" });
    item.append(el("span", { class: each.from === "you" ? "hid" : "soft" }, each.from === "you" ? `${WORDS.you}: ` : each.name));
    if (each.from !== "you") item.append(el("br"));
    if (each.text || each.call) item.append(el("p", { dir: "auto" }, each.text || `${WORDS.call}: ${each.phone}`));
    for (const file of each.files || []) item.append(file.id ? el("button", { type: "button", "aria-label": say("download", { n: file.name }), click: () => download(file) }, icon(CLIP), " ", file.name) : el("small", {}, `${WORDS.files}: ${file.name}`));
    if (each.failed) item.append(el("small", { class: "bad" }, say("failed", { w: each.failed }), " ", el("button", { type: "button", class: "bare", click: () => { change((k) => { const it = k.queue.find((q) => q.client_id === each.client_id); if (it) delete it.failed; }); flush(); } }, WORDS.retry)));
    else if (mark) item.append(el("small", {}, mark));
    return item;
  }

  let drawn = "";
  function draw() {
    kept = load();
    const open = kept.open, news = unread(), text_ = standing();
    host.toggleAttribute("open", open);
    panel.hidden = !open; launch.hidden = open;
    launch.setAttribute("aria-expanded", String(open));
    badge.hidden = badgeText.hidden = !news;
    badge.textContent = news; badgeText.textContent = `, ${say("unread", { n: news })}`;
    title.textContent = say("title", { o: state?.organisation || org });
    who.textContent = state?.name ? say("who", { n: state.name }) : "";
    note.textContent = text_; note.hidden = !text_;
    lost.textContent = online ? "" : WORDS.offline; lost.hidden = online;
    const writes = Date.now() < typingUntil && typing;
    typed.textContent = writes ? say("typing", { n: typing }) : ""; typed.hidden = !writes;
    finish.hidden = !ending; endButton.hidden = !kept.token || !kept.said.length;
    const first = !kept.said.length && !kept.queue.length;
    nameLabel.hidden = !(first || calling); emailLabel.hidden = !first; phoneLabel.hidden = !calling;
    call.replaceChildren(...(calling ? [WORDS.cancel] : [icon(PHONE), " ", WORDS.call]));
    submit.textContent = calling ? WORDS.callNow : WORDS.send;
    attach.hidden = calling;
    text.placeholder = WORDS.write;
    chips.hidden = !chosen.length;
    chips.replaceChildren(...chosen.map((file) => el("button", { type: "button", "aria-label": say("drop", { n: file.name }), click: () => { chosen = chosen.filter((each) => each !== file); draw(); text.focus(); } }, file.name, " ×")));
    const mine = kept.said.filter((each) => each.from === "you"), newest = mine[mine.length - 1];
    const all = [...kept.said.map((each) => [each, each === newest ? (state && each.position && state.staff_seen >= each.position ? WORDS.seen : WORDS.sent) : ""]),
      ...kept.queue.map((each) => [{ ...each, from: "you" }, online ? WORDS.sending : WORDS.waits])];
    const now = JSON.stringify(all);
    if (now === drawn) return;
    drawn = now;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
    log.replaceChildren(...all.map(([each, mark]) => entry(each, mark)));
    log.hidden = false;
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  // Beginning, and coming back ----------------------------------------------------------------------------------

  addEventListener("online", () => { failures = 0; look(); listen(); flush(); });
  addEventListener("offline", () => { isLost(); stop(); again(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { failures = 0; listen(); flush(); see(); } });
  addEventListener("storage", (event) => {
    if (event.key !== KEY) return;
    const token = kept.token;
    draw();
    if (kept.token !== token) { stop(); state = null; look(); listen(); }
  });
  function begin() {
    document.body.append(host);
    text.value = kept.draft;
    for (const each of [name, email, phone]) each.value = kept.who[each.id] || "";
    draw();
    look();
    listen();
    if (kept.queue.length) flush();
  }
  if (document.body) begin(); else addEventListener("DOMContentLoaded", begin);
})();
