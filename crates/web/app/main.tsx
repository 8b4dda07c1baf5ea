// The page: what surrounds every screen, and which one is shown.

import { render, type JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { fixed, rate, span } from "./format.ts";
import { onMinerWords } from "./miner-words.ts";
import { presentRate, type Snapshot } from "./model.ts";
import { Pill } from "./parts/bits.tsx";
import { Icon } from "./parts/icons.tsx";
import { onChange, showChips, start, state } from "./store.ts";
import { applyTheme, chooseTheme, theme, THEMES } from "./theme.ts";
import { BoardsView } from "./views/boards.tsx";
import { LimitsView } from "./views/limits.tsx";
import { LogView } from "./views/log.tsx";
import { LoginView } from "./views/login.tsx";
import { OverviewView } from "./views/overview.tsx";
import { PoolsView } from "./views/pools.tsx";
import { SystemView } from "./views/system.tsx";
import { chooseLanguage, language, LANGUAGES, startLanguage, t, type Key } from "./words.ts";

const SCREENS = ["overview", "boards", "pools", "limits", "log", "system"] as const;
type Screen = (typeof SCREENS)[number];

const VIEWS: Record<Screen, (props: { s: Snapshot }) => JSX.Element> = {
  overview: OverviewView, boards: BoardsView, pools: PoolsView, limits: LimitsView, log: LogView, system: SystemView,
};

/** Numbers older than this are said to be old: three polls without an answer. */
const OLD_MS = 3500;

function screenFromAddress(): Screen {
  const name = location.hash.replace(/^#\/?/, "") as Screen;
  return SCREENS.includes(name) ? name : "overview";
}

function App(): JSX.Element {
  const [, redraw] = useState(0);
  const [screen, setScreen] = useState(screenFromAddress);
  const main = useRef<HTMLElement>(null);
  useEffect(() => onChange(() => redraw((n) => n + 1)), []);
  useEffect(() => onMinerWords(() => redraw((n) => n + 1)), []);
  useEffect(() => {
    const moved = () => {
      setScreen(screenFromAddress());
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    };
    addEventListener("hashchange", moved);
    // A busy browser comes here late: whoever has gone on since the first drawing was not heard.
    setScreen(screenFromAddress());
    return () => removeEventListener("hashchange", moved);
  }, []);
  useEffect(() => showChips(screen === "boards"), [screen]);

  const s = state.snapshot;
  const title = t(`nav.${screen}` as Key);
  useEffect(() => {
    document.title = s ? `${rate(presentRate(s.hashrate_ths), "TH/s")} · ${s.machine.name} · ${title}` : title;
  });

  if ((state.locked || state.loginWanted) && state.session) return <LoginView session={state.session} redraw={() => redraw((n) => n + 1)} />;
  const View = VIEWS[screen];
  return (
    <>
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current?.focus(); }}>{t("nav.skip")}</a>
      <Head s={s} redraw={() => redraw((n) => n + 1)} />
      <nav class="nav" aria-label={t("nav.label")}>
        {SCREENS.map((name) => (
          <a key={name} href={`#/${name}`} aria-current={name === screen ? "page" : undefined}>
            <Icon name={name} /><span>{t(`nav.${name}` as Key)}</span>
            {name === "overview" && s && s.faults.length > 0 && <b class="count">{s.faults.length}</b>}
          </a>
        ))}
      </nav>
      <section class="strips" aria-label={t("nav.notices")}>
        {s?.machine.emulated && <p class="strip emulated"><b>{t("emulated.title")}</b> {t("emulated.body", { bits: s.machine.difficulty_bits })}</p>}
        <Silence />
      </section>
      {/* Of which snapshot the numbers are: for whoever compares them with those of another interface. */}
      <main ref={main} id="main" tabIndex={-1} data-seq={s?.seq}>
        <h1 class={screen === "overview" ? "unseen" : ""}>{title}</h1>
        {s ? <View s={s} /> : <p class="soft waiting">{t("wait.first")}</p>}
      </main>
    </>
  );
}

/** How old the numbers are, where they are. */
function Silence(): JSX.Element {
  const since = state.answeredAt || state.openedAt;
  const age = Date.now() - since;
  // Empty from the start, so that what appears in it is read out.
  return (
    <div role="status">
      {age > OLD_MS && (
        <p class="strip silent">
          <b>{t("silent.title")}</b> {t(state.answeredAt ? "silent.old" : "silent.never", { age: span(age / 1000) })}{" "}
          {state.trouble && <span lang="en">{state.trouble}</span>}
        </p>
      )}
    </div>
  );
}

function Head({ s, redraw }: { s: Snapshot | null; redraw: () => void }): JSX.Element {
  const next = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length]!;
  return (
    <header class="head">
      <a class="brand" href="#/overview"><span class="ingot" aria-hidden="true" />{s ? state.session?.name || s.machine.name : t("brand")}</a>
      {s && <Pill kind="state" state={s.state} />}
      {s && <span class="head-rate">{fixed(presentRate(s.hashrate_ths), 1)} <span class="soft">TH/s</span></span>}
      <span class="head-end">
        <select aria-label={t("system.language")} value={language()} onChange={(e) => { chooseLanguage(e.currentTarget.value); redraw(); }}>
          {LANGUAGES.map(([code, name]) => <option key={code} value={code} lang={code}>{name}</option>)}
        </select>
        <button type="button" class="button quiet" onClick={() => { chooseTheme(next); redraw(); }} aria-label={t("theme.switch", { now: t(`theme.${theme()}` as Key), next: t(`theme.${next}` as Key) })}>
          <Icon name="theme" /><span>{t(`theme.${theme()}` as Key)}</span>
        </button>
      </span>
    </header>
  );
}

startLanguage();
applyTheme();
const root = document.getElementById("page");
if (root) render(<App />, root);
void start();
