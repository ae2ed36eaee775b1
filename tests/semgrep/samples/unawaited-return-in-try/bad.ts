export async function load(address: string) {
  try {
    // ruleid: unawaited-return-in-try
    return fetch(address);
  } catch (error) {
    return undefined;
  }
}

export const post = async (address: string) => {
  try {
    // ruleid: unawaited-return-in-try
    return axios.post(address);
  } catch (error) {
    return undefined;
  }
};
