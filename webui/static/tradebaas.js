// The page's own script: what happens is shown at once, ages tick, and buttons give commands by the API.
// It holds no state of the service. Every region is drawn by the server; this only puts it into place.
"use strict";

(() => {
  const body = document.body;
  const words = JSON.parse(body.dataset.words);
  const csrf = document.querySelector('meta[name="csrf-token"]').content;
  const favicon = document.getElementById("favicon");
  const staleLine = document.getElementById("stale");
  const API = "/api/v2/";
  const GAP_MS = 50; // between two readings, so that ten events a second cost fewer than ten
  const SLOW_MS = 1000; // for what moves with the price
  const QUIET_MS = 20000; // without a word for so long, we ask whether anybody is there
  const SLEPT_MS = 5000; // a clock that jumps so far means that the machine slept
  const ANSWER_MS = 12000;

  // The ages are those of the service's clock, whatever this machine's clock says.
  const ahead = Number(body.dataset.now) - Date.now();
  const now = () => Date.now() + ahead;

  // --- moments and figures

  const two = (figure) => String(figure).padStart(2, "0");
  const THIN = "\u202f";

  function clock(at, exact) {
    const moment = new Date(at), today = new Date(now());
    const time = [moment.getHours(), moment.getMinutes(), moment.getSeconds()].map(two).join(":");
    const shown = exact ? `${time}.${String(moment.getMilliseconds()).padStart(3, "0")}` : time;
    if (moment.toDateString() === today.toDateString()) return shown;
    return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())} ${shown}`;
  }

  function lasted(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    const unit = (count, name) => `${count}${THIN}${words["unit_" + name]}`;
    if (whole < 60) return unit(whole, "s");
    if (whole < 3600) return unit(Math.floor(whole / 60), "min");
    if (whole < 86400) return `${unit(Math.floor(whole / 3600), "h")} ${unit(Math.floor((whole % 3600) / 60), "min")}`;
    return `${unit(Math.floor(whole / 86400), "d")} ${unit(Math.floor((whole % 86400) / 3600), "h")}`;
  }

  function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function ages(root) {
    for (const each of root.querySelectorAll("[data-age]")) put(each, lasted((now() - Number(each.dataset.age)) / 1000));
  }

  function moments(root) {
    for (const each of root.querySelectorAll("[data-clock]")) put(each, clock(Number(each.dataset.clock), false));
    for (const each of root.querySelectorAll("[data-exact]")) put(each, clock(Number(each.dataset.exact), true));
    for (const each of root.querySelectorAll("[data-minute]")) {
      const moment = new Date(Number(each.dataset.minute));
      put(each, `${two(moment.getHours())}:${two(moment.getMinutes())}`);
    }
    ages(root);
  }

  function price(text) {
    const [whole, decimals] = text.split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, THIN);
    const rest = (decimals || "").replace(/0+$/, "");
    return rest ? `${grouped}.${rest}` : grouped;
  }

  // --- putting a fresh region into place of an old one, touching only what differs

  let theirs = new Set(); // fields of the region that somebody has changed and not saved, or is in

  function touched(region) {
    const fields = [...region.querySelectorAll("input, select, textarea")];
    return new Set(fields.filter((each) => differs(each) || each === document.activeElement).map((each) => each.name));
  }

  /** Show what counts now in a field that nobody touched. */
  function follow(field, fresh) {
    if (theirs.has(field.name)) return;
    if (field.type === "checkbox" || field.type === "radio") {
      field.defaultChecked = field.checked = fresh.defaultChecked;
    } else if (field.matches("select")) {
      for (const each of field.options) each.defaultSelected = each.value === fresh.value;
      field.value = fresh.value;
    } else {
      field.defaultValue = field.value = fresh.defaultValue;
    }
  }

  function morph(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || (old.id || "") !== (fresh.id || "")) {
      old.replaceWith(fresh);
      return;
    }
    if (old.nodeType !== Node.ELEMENT_NODE) {
      old.data = fresh.data;
      return;
    }
    if (old.matches("input, select, textarea")) return follow(old, fresh);
    if (old.matches("form .problem")) return; // it is about what was typed, and goes when that is sent again
    for (const { name } of [...old.attributes]) {
      const opened = name === "open" && old.nodeName === "DETAILS";
      if (!fresh.hasAttribute(name) && !opened && name !== "aria-busy") old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    let at = old.firstChild;
    for (const child of [...fresh.childNodes]) {
      const same = child.id ? [...old.children].find((each) => each.id === child.id) : null;
      if (same) {
        if (same === at) at = at.nextSibling;
        else old.insertBefore(same, at);
        morph(same, child);
      } else if (at && !at.id && !child.id && at.nodeName === child.nodeName) {
        const next = at.nextSibling;
        morph(at, child);
        at = next;
      } else {
        old.insertBefore(child, at);
      }
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  // --- reading regions anew

  const dirty = new Set(), later = new Set();
  let reading = false, timer = 0, lastRead = 0;

  const regions = () => [...document.querySelectorAll("[data-region]")];
  const live = () => regions().filter((each) => each.dataset.on || each.dataset.slowly).map((each) => each.dataset.region);

  function want(names) {
    for (const name of names) dirty.add(name);
    if (!reading && !timer && dirty.size) timer = setTimeout(read, Math.max(10, lastRead + GAP_MS - Date.now()));
  }

  async function read() {
    timer = 0;
    const names = document.hidden ? [...dirty].filter((name) => name === "top") : [...dirty];
    if (reading || !names.length) return;
    reading = true;
    lastRead = Date.now();
    for (const name of names) dirty.delete(name);
    try {
      const headers = { "X-Regions": names.join(",") };
      const answer = await fetch(location.href, { headers, cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      if (answer.redirected || answer.status === 401) return loggedOut();
      if (!answer.ok) throw new Error(String(answer.status));
      place(await answer.text());
      isBehind = false;
      heard();
    } catch (problem) {
      for (const name of names) later.add(name);
      isBehind = true;
      grewStale();
    } finally {
      reading = false;
      want([]);
    }
  }

  function place(text) {
    const holder = document.createElement("template");
    holder.innerHTML = text;
    moments(holder.content);
    for (const fresh of [...holder.content.children]) {
      const old = document.getElementById(fresh.id);
      if (!old) continue;
      theirs = touched(old);
      morph(old, fresh);
    }
    sign();
  }

  // --- stale or not

  // Behind: something happened that could not be read, so a living stream alone makes nothing fresh again.
  let lastHeard = Date.now(), staleSince = null, isOut = false, isBehind = false;

  function sign() {
    const top = document.querySelector(".top");
    const tone = staleSince === null ? (top ? top.dataset.tone : "calm") : "stale";
    const address = `${favicon.dataset.stem}${tone}.svg`;
    if (!favicon.getAttribute("href").startsWith(address)) favicon.setAttribute("href", address);
  }

  function heard() {
    lastHeard = Date.now();
    if (staleSince === null || isOut || isBehind) return;
    staleSince = null;
    body.classList.remove("is-stale");
    staleLine.replaceChildren();
    sign();
  }

  function grewStale(why) {
    if (staleSince !== null && !why) return;
    if (staleSince === null) staleSince = lastHeard;
    body.classList.add("is-stale");
    const title = words.stale.replace("{time}", clock(staleSince + ahead, false));
    const rest = document.createElement("span");
    rest.textContent = ` · ${why || words.stale_why}`;
    staleLine.replaceChildren(title, rest);
    sign();
  }

  function loggedOut() {
    isOut = true;
    if (source) source.close();
    grewStale(words.logged_out);
    const link = document.createElement("a");
    link.href = "/login";
    link.textContent = " →";
    link.setAttribute("aria-label", words.logged_out);
    staleLine.append(link);
  }

  // --- the stream

  const FROM_EXCHANGE = new Set(["ticker", "fill", "order_changed", "position_changed", "funds"]);
  const kinds = new Set(body.dataset.kinds.split(" "));
  let source = null, reopen = 0;

  function concerns(list, kind) {
    return list === "*" ? kind !== "ticker" : (list || "").split(" ").includes(kind);
  }

  function happened(event) {
    heard();
    const kind = event.type;
    if (FROM_EXCHANGE.has(kind)) {
      for (const each of document.querySelectorAll("[data-heartbeat] [data-age]")) each.dataset.age = String(now());
    }
    if (kind === "ticker") {
      const ticker = JSON.parse(event.data);
      for (const each of document.querySelectorAll("[data-price]")) {
        if (each.dataset.price === ticker.instrument && ticker.mark) put(each, price(ticker.mark));
      }
    }
    const found = regions();
    want(found.filter((each) => concerns(each.dataset.on, kind)).map((each) => each.dataset.region));
    for (const each of found) if (concerns(each.dataset.slowly, kind)) later.add(each.dataset.region);
  }

  function listen() {
    clearTimeout(reopen);
    if (source) source.close();
    if (isOut) return;
    source = new EventSource(`${API}stream`);
    // What happened between drawing and listening is not told again, so everything is read once more.
    source.addEventListener("hello", (event) => {
      heard();
      want(live());
      // Whose money it is stands in the frame; after a switch of brokers nothing of the old one may stay.
      if (JSON.parse(event.data).mode !== document.documentElement.dataset.mode) location.reload();
    });
    source.addEventListener("reload", () => { heard(); say(true, words.reload); want(live()); });
    source.addEventListener("bye", () => grewStale());
    for (const kind of kinds) source.addEventListener(kind, happened);
    source.onerror = () => {
      // No stream is not yet no service: all streams may be taken. Asking tells which of the two it is.
      want(live());
      if (source.readyState === EventSource.CLOSED) reopen = setTimeout(listen, 5000);
      else grewStale();
    };
  }

  // --- every second

  let lastTick = Date.now();

  function tick() {
    const slept = Date.now() - lastTick > SLEPT_MS && !document.hidden;
    lastTick = Date.now();
    if (slept) {
      grewStale();
      listen();
    } else if (Date.now() - lastHeard > QUIET_MS || staleSince !== null) {
      want(live());
    }
    if (later.size) {
      want(later);
      later.clear();
    }
    ages(document);
  }

  // --- commands

  const dialog = document.getElementById("confirm");
  const said = document.getElementById("said");
  const keys = new Map(); // a command without an answer keeps its key, so that asking again does it once

  function say(ok, text, title) {
    const line = document.createElement("div"), sentence = document.createElement("p"), close = document.createElement("button");
    line.className = ok ? "yes" : "no";
    if (!ok) line.setAttribute("role", "alert");
    if (title) {
      const strong = document.createElement("strong");
      strong.textContent = `${title}: `;
      sentence.append(strong);
    }
    text.split("`").forEach((part, place, all) => { // what is typed stands between two of them
      if (place % 2 === 0 || place === all.length - 1) return sentence.append(place % 2 ? `\`${part}` : part);
      const code = document.createElement("code");
      code.textContent = part;
      sentence.append(code);
    });
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", "×");
    close.addEventListener("click", () => line.remove());
    line.append(sentence, close);
    while (said.children.length >= 3) said.firstChild.remove();
    said.append(line);
    if (ok) setTimeout(() => line.remove(), 8000);
  }

  function newKey() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
  }

  /** What a trial of a broker's key found. */
  function keySays(trial) {
    const parts = [`${words.key_may} ${trial.scopes.join(", ") || "–"}.`];
    if (trial.missing.length) parts.push(`${words.key_lacks} ${trial.missing.join(", ")}.`);
    if (trial.excess.length) parts.push(`${words.key_exceeds} ${trial.excess.join(", ")}.`);
    return parts.join(" ");
  }

  async function send(method, address, content, sentence) {
    const text = JSON.stringify(content), which = `${method} ${address} ${text}`;
    if (!keys.has(which)) keys.set(which, newKey());
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf, "Idempotency-Key": keys.get(which) };
    let answer, told;
    try {
      answer = await fetch(API + address, { method, headers, body: text, signal: AbortSignal.timeout(ANSWER_MS) });
      told = await answer.json();
    } catch (problem) {
      say(false, words.not_known_why, words.not_known);
      return { ok: false };
    }
    const error = told.error || {};
    if (answer.status === 504 || error.code === "no_answer") {
      say(false, words.not_known_why, words.not_known);
      return { ok: false };
    }
    keys.delete(which);
    if (answer.status === 401) loggedOut();
    if (answer.ok && told.scopes) say(told.ok, keySays(told), told.ok ? "" : told.why);
    else if (answer.ok) say(true, told.sentence || sentence || words.done);
    else say(false, error.sentence || String(answer.status), words.refused);
    want(live());
    return { ok: answer.ok, error };
  }

  /** Ask for the second step; gives null when a person thinks better of it. */
  function confirmed(about) {
    const word = dialog.querySelector("#confirm-word"), option = dialog.querySelector("#confirm-option");
    const yes = dialog.querySelector("#confirm-yes"), typed = word.querySelector("input"), box = option.querySelector("input");
    dialog.querySelector("#confirm-title").textContent = about.title || words.confirm;
    dialog.querySelector("#confirm-say").textContent = about.say;
    yes.textContent = about.yes || words.confirm;
    yes.classList.toggle("loud", Boolean(about.loud));
    word.hidden = !about.word;
    word.querySelector("span").textContent = words.type_word.replace("{word}", about.word || "");
    typed.value = "";
    option.hidden = !about.option;
    option.querySelector("span").textContent = about.optionText || "";
    box.checked = false;
    const fits = () => !about.word || typed.value.trim().toLowerCase() === about.word;
    const look = () => { yes.disabled = !fits(); };
    typed.oninput = look;
    typed.onkeydown = (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (fits()) dialog.close("yes");
    };
    look();
    dialog.returnValue = "no";
    dialog.showModal();
    if (about.word) typed.focus();
    return new Promise((resolve) => {
      dialog.onclose = () => resolve(dialog.returnValue === "yes" ? { option: box.checked } : null);
    });
  }

  async function press(button) {
    const given = button.dataset, content = given.body ? JSON.parse(given.body) : {};
    if (given.step) {
      const about = { title: given.title, say: given.say, yes: button.textContent.trim(), word: given.word, option: given.option,
        optionText: given.optionText, loud: button.classList.contains("loud") };
      const chosen = await confirmed(about);
      if (!chosen) return;
      if (given.option) content[given.option] = chosen.option;
    }
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    await send(given.method || "POST", given.command, content);
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }

  // --- forms

  function typedValue(field) {
    if (field.dataset.type === "bool") return field.checked;
    if (field.dataset.type === "int" && /^-?\d+$/.test(field.value.trim())) return Number(field.value.trim());
    const text = field.value.trim();
    return text === "" && "nullable" in field.dataset ? null : text;
  }

  function differs(field) {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return ![...field.options].some((each) => each.defaultSelected && each.selected);
    return field.value !== field.defaultValue;
  }

  function contentOf(form) {
    const content = {};
    for (const field of form.elements) {
      if (!field.name || field.disabled || (field.type === "radio" && !field.checked)) continue;
      if ("changed" in form.dataset && !differs(field)) continue;
      if ("optional" in field.dataset && !field.value.trim()) continue;
      let place = content;
      const path = field.name.split(".");
      for (const step of path.slice(0, -1)) place = place[step] ??= {};
      place[path.at(-1)] = typedValue(field);
    }
    return form.dataset.wrap ? { [form.dataset.wrap]: content } : content;
  }

  async function submit(form) {
    const given = form.dataset, problem = form.querySelector(".problem");
    const content = contentOf(form), inner = given.wrap ? content[given.wrap] : content;
    if (!Object.keys(inner).length) {
      say(true, words.kept);
      return;
    }
    if (given.step && !(await confirmed({ title: given.title, say: given.say }))) return;
    for (const field of form.elements) field.removeAttribute("aria-invalid");
    if (problem) problem.textContent = "";
    const { ok, error } = await send(given.method || "POST", given.form, content, words.saved);
    if (ok) {
      for (const field of form.elements) {
        if (field.type === "password") field.value = "";
        if ("value" in field) field.defaultValue = field.value;
        if ("checked" in field) field.defaultChecked = field.checked;
        for (const each of field.options || []) each.defaultSelected = each.selected;
      }
    } else if (error) {
      const name = (error.field || "").split(".").at(-1);
      const field = name ? [...form.elements].find((each) => each.name.split(".").at(-1) === name) : null;
      if (field) {
        field.setAttribute("aria-invalid", "true");
        field.focus();
      }
      if (problem) problem.textContent = error.sentence || "";
    }
  }

  // --- wiring

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-command]");
    if (button && !button.disabled) press(button);
    const more = document.querySelector(".more[open]");
    if (more && !more.contains(event.target)) more.open = false;
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.dataset.form) return;
    event.preventDefault();
    submit(event.target);
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-auto]");
    if (form) form.requestSubmit();
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { lastTick = Date.now(); want(live()); } });
  addEventListener("pageshow", (event) => { if (event.persisted) { grewStale(); listen(); } });
  addEventListener("offline", () => want(live())); // a service on this machine is still there: asking tells
  addEventListener("online", listen);
  const out = document.getElementById("logout");
  if (out) {
    out.addEventListener("click", async () => {
      await fetch("/logout", { method: "POST", headers: { "X-CSRF-Token": csrf } });
      location.href = "/login";
    });
  }

  moments(document);
  body.classList.add("has-script");
  listen();
  setInterval(tick, SLOW_MS);
})();
