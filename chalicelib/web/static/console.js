// Swagger UI with our own document. It sends the key that the user enters, and stores nothing.
"use strict";

(async () => {
  const place = document.getElementById("console");
  const key = document.getElementById("key");
  const status = document.getElementById("call-status");
  const calls = document.getElementById("call-list");

  key.form.addEventListener("submit", (event) => event.preventDefault());
  place.hidden = false;

  const load = async () => {
    const answer = await fetch(place.dataset.document, { credentials: "omit" });
    if (!answer.ok) throw new Error(answer.statusText);
    return answer.json();
  };

  const nothing = () => null;
  // The session API is listed but can't be tried: nobody should type a password into a console.
  const ofASession = (path, operation) =>
    path.startsWith("/auth/") || (operation?.security ?? []).some((way) => "session" in way);

  // Leave out the parts that the page already has, and those that would show the key.
  const ours = (spec) => ({ React }) => ({
    components: {
      OnlyCalls: ({ getComponent }) =>
        React.createElement("div", { className: "swagger-ui" }, React.createElement(getComponent("operations", true))),
      CopyToClipboardBtn: nothing,
      authorizeOperationBtn: nothing,
      curl: nothing,
    },
    statePlugins: {
      spec: {
        wrapSelectors: {
          allowTryItOutFor: () => (state, path, method) => !ofASession(path, spec.paths[path]?.[method]),
        },
      },
    },
  });

  const say = (text) => { if (status.textContent !== text) status.textContent = text; };

  // Add the missing accessible names, and announce an answer to screen readers.
  const name = () => {
    for (const field of calls.querySelectorAll("tr[data-param-name] :is(input, select, textarea)")) {
      field.setAttribute("aria-label", field.closest("tr").dataset.paramName);
    }
    for (const body of calls.querySelectorAll(".body-param__text")) body.setAttribute("aria-label", "Body");
    for (const table of calls.querySelectorAll("table[role=region]")) table.removeAttribute("role");
    const codes = [...calls.querySelectorAll(".live-responses-table .response-col_status")];
    say(codes.length ? `Answered ${codes.at(-1).textContent}` : "");
  };

  try {
    const spec = await load();
    spec.servers = [{ url: place.dataset.base }];
    new MutationObserver(name).observe(calls, { childList: true, subtree: true });
    SwaggerUIBundle({
      spec,
      domNode: calls,
      presets: [SwaggerUIBundle.presets.apis],
      plugins: [ours(spec)],
      layout: "OnlyCalls",
      docExpansion: "list",
      syntaxHighlight: { activated: false },
      tryItOutEnabled: true,
      validatorUrl: null,
      requestInterceptor: (request) => {
        // Send the key only, as a program does, and no session cookie.
        request.credentials = "omit";
        if (key.value) request.headers.Authorization = `Bearer ${key.value.trim()}`;
        return request;
      },
    });
  } catch {
    say("The calls couldn't be loaded. Reload the page to try again.");
    status.classList.remove("visually-hidden");
  }
})();
