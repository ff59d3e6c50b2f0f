// Convenience only: every page works without this file.
"use strict";

(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];

  const element = (tag, properties) => Object.assign(document.createElement(tag), properties);

  // A Show button on the label's line. It says "password" in its description, not in its name,
  // so that the field stays the only thing called Password.
  const addReveal = (input) => {
    const button = element("button", { type: "button", className: "aside", textContent: "Show", title: "Show password" });
    const show = (visible) => {
      input.type = visible ? "text" : "password";
      button.textContent = visible ? "Hide" : "Show";
      button.title = visible ? "Hide password" : "Show password";
    };
    button.setAttribute("aria-controls", input.id);
    button.addEventListener("click", () => show(input.type === "password"));
    // Browsers remember what was typed into text fields, and password managers look for password fields.
    input.form.addEventListener("submit", () => show(false));
    input.closest(".field").querySelector(".field-top").append(button);
  };

  const addCapsLockHint = (input) => {
    const hint = element("p", { className: "hint caps-lock" });
    hint.setAttribute("role", "status");
    input.after(hint);
    const look = (event) => {
      const on = Boolean(event.getModifierState?.("CapsLock"));
      const text = on ? "Caps Lock is on." : "";
      if (hint.textContent !== text) hint.textContent = text;
    };
    input.addEventListener("keydown", look);
    input.addEventListener("keyup", look);
    input.addEventListener("blur", () => { hint.textContent = ""; });
  };

  // Shows what a new password still needs while it is typed. The service decides.
  const adviceOn = (input) => {
    const typed = [...input.value.normalize("NFC")];
    const plain = input.value.toLowerCase();
    const names = [...input.form.elements]
      .filter((other) => other !== input && /^(text|email)$/.test(other.type))
      .flatMap((other) => other.value.toLowerCase().split(/[^\p{L}]+/u))
      .filter((word) => word.length > 2);
    const rest = names.reduce((left, name) => left.replaceAll(name, ""), plain).replace(/[^\p{L}]/gu, "");
    const missing = input.minLength - typed.length;
    if (!typed.length) return "";
    if (missing > 0) return `${missing} more ${missing === 1 ? "character" : "characters"} to go.`;
    if (/^(.{1,4})\1+$/su.test(plain) || new Set(typed).size < 6) return "Easily guessed: it repeats itself.";
    if (names.length && rest.length < 4) return "Easily guessed: names and digits alone.";
    if (/^\d+$/.test(plain)) return "Easily guessed: digits alone.";
    return "Long enough. Make it one that you use nowhere else.";
  };

  const addAdvice = (input) => {
    const advice = element("p", { className: "hint advice" });
    let later;
    advice.setAttribute("role", "status");
    input.closest(".field").append(advice);
    // After a pause, so that a screen reader isn't interrupted by each letter.
    input.addEventListener("input", () => {
      clearTimeout(later);
      later = setTimeout(() => { advice.textContent = adviceOn(input); }, 300);
    });
  };

  // Prevents a second submit. Going back, or waiting for some time, enables the form again.
  const release = (form) => {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("button[data-busy]")) {
      button.disabled = false;
      delete button.dataset.busy;
    }
  };

  const sendOnce = (event) => {
    const form = event.target;
    if (event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    // Deferred, because the form leaves out a button that is already disabled.
    setTimeout(() => {
      for (const button of form.querySelectorAll("button[type=submit]:enabled")) {
        button.disabled = true;
        button.dataset.busy = "yes";
      }
    });
    setTimeout(() => release(form), 10000);
  };

  const copyText = async (source) => {
    try {
      await navigator.clipboard.writeText(source.textContent);
    } catch {
      getSelection().selectAllChildren(source);
      document.execCommand("copy");
    }
  };

  const addCopy = (source) => {
    const label = source.dataset.copy || "Copy";
    const button = element("button", { type: "button", className: "button secondary copy", textContent: label });
    const status = element("span", { className: "visually-hidden" });
    status.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      await copyText(source);
      button.textContent = status.textContent = "Copied";
      setTimeout(() => { button.textContent = label; status.textContent = ""; }, 2000);
    });
    source.after(button, status);
  };

  const countDown = (button) => {
    const hint = element("p", { className: "hint" });
    let left = Number(button.dataset.wait);
    button.disabled = true;
    button.after(hint);
    const tick = () => {
      hint.textContent = left > 0 ? `You can send it again in ${left} s.` : "";
      if (left <= 0) { button.disabled = false; hint.remove(); return; }
      left -= 1;
      setTimeout(tick, 1000);
    };
    tick();
  };

  const closeMenus = (except) => {
    for (const menu of all("details.menu[open]")) if (menu !== except) menu.open = false;
  };

  all('input[type="password"]').forEach((input) => { addReveal(input); addCapsLockHint(input); });
  all('input[autocomplete="new-password"]').forEach(addAdvice);
  all("[data-copy]").forEach(addCopy);
  all("button[data-wait]").forEach(countDown);
  document.addEventListener("submit", sendOnce);
  addEventListener("pageshow", () => all("form[data-sent]").forEach(release));
  document.addEventListener("click", (event) => closeMenus(event.target.closest?.("details.menu")));
  document.addEventListener("keydown", (event) => {
    const menu = document.querySelector("details.menu[open]");
    if (event.key !== "Escape" || !menu) return;
    closeMenus();
    menu.querySelector("summary").focus();
  });

  // A reload must not repeat a notice. A reload or Back must not submit a form again, so the answer to
  // a form becomes a normal page in the history.
  const answersForm = document.documentElement.hasAttribute("data-answers-form");
  if (answersForm || location.search.startsWith("?done=")) history.replaceState(null, "", location.pathname);

  // Older browsers don't focus the summary of errors on their own.
  if (!("autofocus" in HTMLElement.prototype)) document.querySelector("div[autofocus]")?.focus();
})();
