// Goes through everything that the service offers OAuth clients, with oauth4webapi as it comes.
// Reads what it needs from standard input as JSON and prints what it found; fails by throwing.
import { readFileSync } from 'node:fs'
import * as oauth from 'oauth4webapi'

const given = JSON.parse(readFileSync(0, 'utf8'))
const plainHttp = { [oauth.allowInsecureRequests]: true } // the local stack has no TLS
const issuer = new URL(given.issuer)
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const TYPE = 'urn:ietf:params:oauth:token-type:'

const resourceUrl = new URL(given.resource)
const resource = await oauth.processResourceDiscoveryResponse(
  resourceUrl,
  await oauth.resourceDiscoveryRequest(resourceUrl, plainHttp),
)
const as = await oauth.processDiscoveryResponse(
  issuer,
  await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...plainHttp }),
)

const anybody = { client_id: 'anybody' }
const exchange = async (parameters) =>
  oauth.processGenericTokenEndpointResponse(
    as,
    anybody,
    await oauth.genericTokenEndpointRequest(as, anybody, oauth.None(), EXCHANGE, parameters, plainHttp),
  )
const api = await exchange({
  subject_token: given.id_token,
  subject_token_type: `${TYPE}id_token`,
  scope: 'api:read',
  token_name: 'oauth4webapi',
})
const access = await exchange({
  subject_token: api.access_token,
  subject_token_type: `${TYPE}access_token`,
  audience: given.other_audience,
})

// As the other service would: by the published keys alone.
const request = new Request(given.other_audience, {
  headers: { Authorization: `Bearer ${access.access_token}` },
})
const claims = await oauth.validateJwtAccessToken(as, request, given.other_audience, plainHttp)

const key = await crypto.subtle.importKey(
  'jwk',
  given.private_jwk,
  { name: 'ECDSA', namedCurve: 'P-256' },
  false,
  ['sign'],
)
const servers = [
  [{ client_id: given.secret_client }, oauth.ClientSecretBasic(given.secret)],
  [{ client_id: given.secret_client }, oauth.ClientSecretPost(given.secret)],
  [{ client_id: given.signing_client }, oauth.PrivateKeyJwt(key)],
]
const introspect = async (token, [client, authentication]) =>
  oauth.processIntrospectionResponse(
    as,
    client,
    await oauth.introspectionRequest(as, client, authentication, token, plainHttp),
  )
const before = []
for (const server of servers) before.push(await introspect(api.access_token, server))

await oauth.processRevocationResponse(
  await oauth.revocationRequest(as, anybody, oauth.None(), api.access_token, plainHttp),
)
const after = await introspect(api.access_token, servers[0])

const refused = await exchange({
  subject_token: 'x',
  subject_token_type: `${TYPE}jwt`,
}).catch((error) => error.error)

console.log(JSON.stringify({ resource, as, api: { ...api, access_token: '' }, claims, before, after, refused }))
