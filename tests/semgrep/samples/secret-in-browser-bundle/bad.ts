// ruleid: secret-in-browser-bundle
export const secret = process.env.NEXT_PUBLIC_STORE_SECRET;
// ruleid: secret-in-browser-bundle
export const password = import.meta.env.VITE_DB_PASSWORD;
