// The interface of a live connection, for all transports.

/** A message: a text (an event as JSON, or a heartbeat), or packed facts. */
export type Frame = string | Uint8Array;

/** The messages of one connection. Returns when it is closed, throws when it fails. */
export type Connection = AsyncGenerator<Frame, void, undefined>;
