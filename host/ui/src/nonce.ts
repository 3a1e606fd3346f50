import { setNonce } from "get-nonce";

import { NONCE } from "./api/root";

// For what locks the page's scrolling behind a drawer.
if (NONCE) setNonce(NONCE);
