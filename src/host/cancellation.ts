/** Told of a cancellation. */
export interface CancelListener {
  cancelled(reason: Error): void;
}

/**
 * An AbortSignal that costs nothing until somebody looks at it, and one listener that the host's
 * stages take over from each other.
 */
export class Cancellation {
  #controller: AbortController | undefined;
  #listener: CancelListener | undefined;
  #reason: Error | undefined;

  /** Why it was cancelled; `undefined` while it is not. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  /** What the handler sees. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#reason) this.#controller.abort(this.#reason);
    return this.#controller.signal;
  }

  /** Aborts the signal and tells the current listener; only the first reason counts. */
  cancel(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    this.#listener?.cancelled(reason);
  }

  /** Replaces the listener; calls it at once if already cancelled. */
  onCancel(listener: CancelListener | undefined): void {
    this.#listener = listener;
    if (this.#reason) listener?.cancelled(this.#reason);
  }
}
