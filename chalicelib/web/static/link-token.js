// Runs before anything else on the page: the token leaves the address bar and the history,
// so that neither a screenshot, a shared link nor a Referer gives it away. The form keeps it.
"use strict";
history.replaceState(null, "", location.pathname);
