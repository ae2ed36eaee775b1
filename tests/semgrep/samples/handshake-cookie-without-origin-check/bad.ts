export class Gateway {
  connect(client: Socket) {
    // ruleid: handshake-cookie-without-origin-check
    const cookie = client.handshake.headers.cookie;
    return parse(cookie);
  }

  reconnect(client: Socket) {
    const headers = client.handshake.headers || {};
    // ruleid: handshake-cookie-without-origin-check
    return parse(headers.cookie);
  }
}
