import { useRef, useState } from "react";

import { ask, bodyOf, type Numbers, type Options, type Turn } from "../../api/chat";

export interface Pane {
  turns: Turn[];
  /** The answer as far as it has come. */
  coming: Turn | null;
  pending: boolean;
  error: Error | null;
  numbers: Numbers | null;
  say: (turns: Turn[], options: Options, key: string) => void;
  stop: () => void;
  clear: () => void;
}

/** A conversation with one model. */
export function usePane(): Pane {
  const [turns, setTurns] = useState<Turn[]>([]);
  const [coming, setComing] = useState<Turn | null>(null);
  const [pending, setPending] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const [numbers, setNumbers] = useState<Numbers | null>(null);
  const under = useRef<AbortController | null>(null);

  const run = async (all: Turn[], options: Options, key: string, way: AbortController) => {
    let latest: Turn | null = null;
    // An answer that was stopped for another beginning says nothing any more.
    const current = () => under.current === way;
    const onTurn = (it: Turn) => {
      latest = it;
      if (current()) setComing(it);
    };
    try {
      const took = await ask({ body: bodyOf(all, options), key, signal: way.signal, onTurn });
      if (current()) setNumbers(took);
    } catch (cause) {
      if (current() && !way.signal.aborted) setError(cause instanceof Error ? cause : new Error(String(cause)));
    }
    if (!current()) return;
    const kept = latest as Turn | null;
    if (kept && (kept.text || kept.calls.length > 0)) setTurns([...all, kept]);
    setComing(null);
    setPending(false);
  };

  const say = (more: Turn[], options: Options, key: string) => {
    under.current?.abort();
    const way = new AbortController();
    under.current = way;
    const all = [...turns, ...more];
    setTurns(all);
    setError(null);
    setNumbers(null);
    setPending(true);
    void run(all, options, key, way);
  };

  const stop = () => under.current?.abort();

  const clear = () => {
    stop();
    under.current = null;
    setTurns([]);
    setComing(null);
    setPending(false);
    setError(null);
    setNumbers(null);
  };

  return { turns, coming, pending, error, numbers, say, stop, clear };
}
