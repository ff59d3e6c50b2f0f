// Runs before anything else on the page, and removes the token from the address bar and the history,
// so that a screenshot, a shared link or a Referer doesn't reveal it. The form keeps it.
"use strict";
history.replaceState(null, "", location.pathname);
