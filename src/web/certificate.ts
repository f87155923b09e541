import { X509Certificate } from 'node:crypto';

const dayMs = 86_400_000;
const warnBeforeMs = 14 * dayMs;

export interface CertificateProblem {
  /** Browsers refuse the certificate now. Otherwise they will soon. */
  isFatal: boolean;
  /** Continues "the certificate ...". */
  message: string;
}

/** When the first certificate of a PEM file ends, epoch ms. Throws if the text contains none. */
export function certificateExpiry(pem: string): number {
  return Date.parse(new X509Certificate(pem).validTo);
}

/**
 * What is wrong with the validity of the first certificate of a PEM file at an instant (epoch ms): it has expired, is
 * not valid yet, or expires within 14 days. Null if nothing is. Throws if the text contains no certificate.
 */
export function certificateProblem(pem: string, now: number): CertificateProblem | null {
  const { validFrom, validTo } = new X509Certificate(pem);
  const [begin, end] = [Date.parse(validFrom), Date.parse(validTo)];
  if (now >= end) return { isFatal: true, message: `expired on ${dateOf(end)}` };
  if (now < begin) return { isFatal: true, message: `is not valid before ${dateOf(begin)}` };
  if (end - now < warnBeforeMs) return { isFatal: false, message: `expires on ${dateOf(end)}` };
  return null;
}

function dateOf(instant: number): string {
  return new Date(instant).toISOString().slice(0, 10);
}
