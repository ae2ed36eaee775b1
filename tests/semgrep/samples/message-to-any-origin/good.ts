export function tell(frame: Window, port: MessagePort, token: string) {
  // ok: message-to-any-origin
  frame.postMessage({ token }, 'https://shop.example');
  // ok: message-to-any-origin
  port.postMessage({ token });
}
