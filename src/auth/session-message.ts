/** The message to every process about sessions and tokens. */
export interface SessionMessage {
  /** Those that ended, by `jti`. */
  ended?: readonly string[];
  /** All sessions and tokens of an account ended, except one. */
  endedAccount?: { id: string; exemptSession?: string | undefined };
  /** An account became an operator's, or ceased to be one. */
  operator?: { id: string; isOperator: boolean };
}
