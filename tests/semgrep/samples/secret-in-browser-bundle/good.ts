// ok: secret-in-browser-bundle
export const secret = process.env.STORE_SECRET;
// ok: secret-in-browser-bundle
export const site = process.env.NEXT_PUBLIC_SITE_URL;
// ok: secret-in-browser-bundle
export const anonymous = import.meta.env.VITE_ANON_KEY;
