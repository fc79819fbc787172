// A certified OpenID Connect provider at its defaults: its own sign-in pages, PKCE, claims of scopes by UserInfo only.
// Reads {port, redirect, secret, conform, people} as JSON from its argument; prints "ready" when it listens.
import Provider from "oidc-provider";

const { port, redirect, secret, conform, people } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const settings = {
  clients: [{ client_id: "gateway", client_secret: secret, redirect_uris: [redirect] }],
  claims: {
    openid: ["sub"], profile: ["preferred_username", "name"], email: ["email"], roles: ["role"],
    groups: ["groups"], realm: ["realm_access"],
  },
  findAccount: (_, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
};
if (!conform) settings.conformIdTokenClaims = false; // true is the default
new Provider(issuer, settings).listen(port, "127.0.0.1", () => console.log("ready"));
