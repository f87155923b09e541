import { describe, expect, test } from 'vitest';
import { certificateExpiry, certificateProblem } from '../../src/web/certificate.ts';

/** Valid from 2026-11-27T03:43:47Z to 2027-02-25T03:43:47Z. */
const pem = `-----BEGIN CERTIFICATE-----
MIIBjDCCATOgAwIBAgIUa9m7WDNPJJ8e9q7M852a6+6JWRYwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRY2xvY2suZXhhbXBsZS5vcmcwHhcNMjYxMTI3MDM0MzQ3WhcN
MjcwMjI1MDM0MzQ3WjAcMRowGAYDVQQDDBFjbG9jay5leGFtcGxlLm9yZzBZMBMG
ByqGSM49AgEGCCqGSM49AwEHA0IABAyAT3iLcwGxtcu37zfGU8H1wAUNEIQRvGx3
dMXTQmUgwuyVzH3ebjHl8moHOwSXjHXxywSjHu6ECwTuRqdifbKjUzBRMB0GA1Ud
DgQWBBQpvcEHPTIQyAefiAQqY4Gn5ocUmTAfBgNVHSMEGDAWgBQpvcEHPTIQyAef
iAQqY4Gn5ocUmTAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIEJt
MmN2t03BM0bb/Jr9NWTh63XLsMB91moltUfkjAu9AiBlR1YForab0r1UbM9H9tZG
yt5qIsvgXHHMKUqw4jjaYA==
-----END CERTIFICATE-----
`;
const begin = Date.parse('2026-11-27T03:43:47Z');
const end = Date.parse('2027-02-25T03:43:47Z');
const dayMs = 86_400_000;

describe('certificateProblem', () => {
  test.each([begin, begin + 30 * dayMs, end - 14 * dayMs])('finds nothing at %i', (now) => {
    expect(certificateProblem(pem, now)).toBeNull();
  });

  test('warns within 14 days of the expiry', () => {
    const problem = { isFatal: false, message: 'expires on 2027-02-25' };
    expect(certificateProblem(pem, end - 14 * dayMs + 1)).toEqual(problem);
    expect(certificateProblem(pem, end - 1)).toEqual(problem);
  });

  test('is fatal after the expiry and before the beginning', () => {
    expect(certificateProblem(pem, end)).toEqual({ isFatal: true, message: 'expired on 2027-02-25' });
    const early = { isFatal: true, message: 'is not valid before 2026-11-27' };
    expect(certificateProblem(pem, begin - 1)).toEqual(early);
  });

  test('judges the first certificate of a chain', () => {
    expect(certificateProblem(pem + pem, begin)).toBeNull();
    expect(certificateExpiry(pem + pem)).toBe(end);
  });

  test('throws for a text without a certificate', () => {
    expect(() => certificateProblem('nothing', begin)).toThrow(/PEM/);
  });
});
