import { type FormEvent, useState } from 'react';

import { signIn, useFarewell } from './session.ts';

/** Asks for an operator's token. It is kept in this tab alone. */
export const SignIn = () => {
  const farewell = useFarewell();
  const [token, setToken] = useState('');
  const [name, setName] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn({ token: token.trim(), name: name.trim() });
  };
  return (
    <main>
      <form className="sign-in" onSubmit={submit}>
        <div className="brand">
          <img src="/admin/icon.svg" alt="" />
          <h1>Nightshift</h1>
        </div>
        {farewell !== undefined && (
          <p className="notice bad" role="alert">
            {farewell}
          </p>
        )}
        <label>
          Your token
          <input
            type="password"
            value={token}
            onChange={(event) => setToken(event.target.value)}
            autoComplete="off"
            spellCheck={false}
            required
          />
        </label>
        <label>
          Your name, for the audit log
          <input
            value={name}
            onChange={(event) => setName(event.target.value)}
            autoComplete="name"
            maxLength={200}
          />
        </label>
        <p className="quiet">
          An operator’s token, or OPERATOR_SECRET. A token of your own says your
          name itself. It stays in this tab until you close it.
        </p>
        <button type="submit" className="primary">
          Sign in
        </button>
      </form>
    </main>
  );
};
