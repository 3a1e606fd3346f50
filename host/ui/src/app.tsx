import { Center, Loader } from "@mantine/core";
import { lazy, Suspense, type ReactElement } from "react";
import { useTranslation } from "react-i18next";
import { Route, Routes, useSearchParams } from "react-router";

import { useSession } from "./api/session";
import { Keys } from "./pages/keys/Keys";
import { Invitation } from "./pages/login/Invitation";
import { Login } from "./pages/login/Login";

import { Failed, NoPage } from "./parts/States";
import { AdminsOnly } from "./shell/AdminsOnly";
import { Shell } from "./shell/Shell";

const Overview = lazy(() => import("./pages/overview/Overview").then((it) => ({ default: it.Overview })));
const Logs = lazy(() => import("./pages/logs/Logs").then((it) => ({ default: it.Logs })));
const Usage = lazy(() => import("./pages/usage/Usage").then((it) => ({ default: it.Usage })));
const Teams = lazy(() => import("./pages/teams/Teams").then((it) => ({ default: it.Teams })));
const TeamPage = lazy(() => import("./pages/teams/TeamPage").then((it) => ({ default: it.TeamPage })));
const Users = lazy(() => import("./pages/users/Users").then((it) => ({ default: it.Users })));
const Organizations = lazy(() => import("./pages/organizations/Organizations").then((it) => ({ default: it.Organizations })));
const Customers = lazy(() => import("./pages/customers/Customers").then((it) => ({ default: it.Customers })));
const Models = lazy(() => import("./pages/models/Models").then((it) => ({ default: it.Models })));
const Plugins = lazy(() => import("./pages/plugins/Plugins").then((it) => ({ default: it.Plugins })));
const Guardrails = lazy(() => import("./pages/guardrails/Guardrails").then((it) => ({ default: it.Guardrails })));
const Settings = lazy(() => import("./pages/settings/Settings").then((it) => ({ default: it.Settings })));
const Playground = lazy(() => import("./pages/playground/Playground").then((it) => ({ default: it.Playground })));

const forAdmins = (page: ReactElement) => <AdminsOnly>{page}</AdminsOnly>;

/** Who is not signed in sees the sign-in, wherever they wanted to go. */
export function App() {
  const { t } = useTranslation();
  const { data, error, isPending, refetch } = useSession();
  const [search] = useSearchParams();
  const link = search.get("invitation_id");
  if (link) return <Invitation link={link} />;
  if (isPending || error) {
    return (
      <Center mih="100dvh" p="md">
        {error ? <Failed error={error} again={() => void refetch()} /> : <Loader aria-label={t("common.loading")} role="status" />}
      </Center>
    );
  }
  if (!data) return <Login />;
  return (
    <Suspense>
      <Routes>
        <Route element={<Shell />}>
          <Route index element={<Overview />} />
          <Route path="usage" element={<Usage />} />
          <Route path="logs" element={<Logs />} />
          <Route path="keys" element={<Keys />} />
          <Route path="teams" element={<Teams />} />
          <Route path="teams/:id" element={<TeamPage />} />
          <Route path="users" element={forAdmins(<Users />)} />
          <Route path="organizations" element={forAdmins(<Organizations />)} />
          <Route path="customers" element={forAdmins(<Customers />)} />
          <Route path="models" element={forAdmins(<Models />)} />
          <Route path="plugins" element={forAdmins(<Plugins />)} />
          <Route path="guardrails" element={forAdmins(<Guardrails />)} />
          <Route path="settings" element={forAdmins(<Settings />)} />
          <Route path="playground" element={<Playground />} />
          <Route path="*" element={<NoPage />} />
        </Route>
      </Routes>
    </Suspense>
  );
}
