/** `sessionStorage` that never throws: if the browser denies storage, it reads null and stores nothing. */
export const sessionMemory: Pick<Storage, 'getItem' | 'setItem'> = {
  getItem: (key) => {
    try {
      return sessionStorage.getItem(key);
    } catch {
      return null;
    }
  },
  setItem: (key, value) => {
    try {
      sessionStorage.setItem(key, value);
    } catch {
      // The page may reload once more than it should.
    }
  },
};
