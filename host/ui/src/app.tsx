import { Navigate, Route, Routes } from "react-router";

import { Keys } from "./pages/keys/Keys";
import { Logs } from "./pages/logs/Logs";
import { Overview } from "./pages/overview/Overview";
import { Plugins } from "./pages/plugins/Plugins";
import { Shell } from "./shell/Shell";

export function App() {
  return (
    <Routes>
      <Route element={<Shell />}>
        <Route index element={<Overview />} />
        <Route path="keys" element={<Keys />} />
        <Route path="plugins" element={<Plugins />} />
        <Route path="logs" element={<Logs />} />
        <Route path="*" element={<Navigate to="/" replace />} />
      </Route>
    </Routes>
  );
}
