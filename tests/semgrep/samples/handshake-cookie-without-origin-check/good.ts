export class Gateway {
  connect(client: Socket) {
    // ok: handshake-cookie-without-origin-check
    return client.handshake.auth.token;
  }
}

export function check(socket: Socket, allowed: Set<string>) {
  if (!allowed.has(socket.handshake.headers.origin)) return undefined;
  // ok: handshake-cookie-without-origin-check
  return parse(socket.handshake.headers.cookie);
}

export function handle(request: Request) {
  // ok: handshake-cookie-without-origin-check
  return parse(request.headers.cookie);
}
