import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

const answerWithinMs = 3_000;

/** Whether the role on this host answers the path with 200. */
export function isHealthy(port: number, path: '/health' | '/ready', secure: boolean): Promise<boolean> {
  const options = { host: '127.0.0.1', port, path, timeout: answerWithinMs };
  return new Promise((resolve) => {
    // The certificate names the public host, not the loopback address.
    const request = secure ? httpsRequest({ ...options, rejectUnauthorized: false }) : httpRequest(options);
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
    request.on('close', () => resolve(false));
    request.end();
  });
}
