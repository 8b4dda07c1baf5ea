// Dialogs: the browser's own, which holds the focus and gives it back.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Refused } from "../api.ts";
import { hurry, refreshSession } from "../store.ts";
import { t } from "../words.ts";
import { Coded } from "./coded.tsx";

export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren }): JSX.Element {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = box.current;
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  return (
    <dialog ref={box} aria-labelledby="dialog-title" onClose={props.onClose} onClick={(e) => e.target === box.current && box.current?.close()}>
      <div class="dialog">
        <h2 id="dialog-title">{props.title}</h2>
        {props.children}
      </div>
    </dialog>
  );
}

/** What is asked before something is done that is not undone by doing nothing. */
export interface Question {
  title: string;
  body: string;
  action: string;
  danger: boolean;
  run: () => Promise<unknown>;
}

export function Confirm({ question, onClose }: { question: Question; onClose: () => void }): JSX.Element {
  const job = useJob();
  return (
    <Dialog title={question.title} onClose={onClose}>
      <p>{question.body}</p>
      <Trouble error={job.error} />
      <div class="buttons">
        <button type="button" class="button" onClick={onClose}>{t("action.cancel")}</button>
        <button type="button" class={`button ${question.danger ? "danger" : "primary"}`} disabled={job.busy}
          onClick={async () => { if (await job.run(question.run)) onClose(); }}>
          {question.action}
        </button>
      </div>
    </Dialog>
  );
}

/** A request on its way: busy, and why it was refused. */
export function useJob(): { busy: boolean; error: unknown; run: (what: () => Promise<unknown>) => Promise<boolean> } {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const run = async (what: () => Promise<unknown>) => {
    setBusy(true);
    setError(null);
    try {
      await what();
      hurry();
      return true;
    } catch (failure) {
      setError(failure);
      // A session that ended shows in the answer: what may be done is asked anew.
      if (failure instanceof Refused && (failure.status === 401 || failure.status === 403)) refreshSession().catch(() => undefined);
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { busy, error, run };
}

/** A refusal in the miner's words, with what to do. */
export function Trouble({ error }: { error: unknown }): JSX.Element {
  const refused = error instanceof Refused ? error : null;
  const text = error instanceof Error ? error.message : error ? String(error) : "";
  return (
    <div role="alert" class="trouble" hidden={!text}>
      {refused && <Coded code={refused.code} is="meaning" />}
      {text && <span lang={refused ? "en" : undefined}>{text}{refused?.code && <> <code>{refused.code}</code></>}</span>}
      {refused?.remedy && <span class="soft"><Coded code={refused.code} is="remedy" came={refused.remedy} /></span>}
    </div>
  );
}
