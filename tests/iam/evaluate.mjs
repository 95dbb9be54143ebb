// Answers many questions about IAM policies in one process: {policies, questions} in, a list of answers out.
// Errors are answers too: a question that AWS would not understand has to be thought about.
import { readFileSync } from 'node:fs'
import { createValidatedPolicy, validateIdentityPolicy, validateResourcePolicy } from '@cloud-copilot/iam-policy'
import { runSimulation, runUnsafeSimulation } from '@cloud-copilot/iam-simulate'

const { policies, questions } = JSON.parse(readFileSync(0, 'utf8'))

// Validated once, not for each question.
const validated = policies.map(({ principal, identity, key }) => ({
  principal,
  identity: createValidatedPolicy(identity, validateIdentityPolicy),
  key: createValidatedPolicy(key, validateResourcePolicy),
}))

async function answer({ policy, account, action, resource, context }) {
  const { principal, identity, key } = validated[policy]
  const simulation = {
    request: {
      principal,
      action,
      resource: { resource, accountId: account },
      contextVariables: { ...context, 'aws:PrincipalArn': principal },
    },
    identityPolicies: [{ name: 'role', policy: identity }],
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    // Only a KMS key has a policy of its own that decides.
    resourcePolicy: action.startsWith('kms:') && resource !== '*' ? key : undefined,
  }
  // Of this service it knows REST APIs only, and would not look at the policy for the others.
  if (action.startsWith('apigateway:')) {
    return { result: runUnsafeSimulation(simulation, {}), ignored: [] }
  }
  const found = await runSimulation(simulation, {})
  if (found.resultType === 'error') return { error: JSON.stringify(found.errors) }
  if (found.resultType === 'wildcard') return { error: `a resource that is a pattern: ${resource}` }
  return { result: found.overallResult, ignored: found.result.ignoredContextKeys }
}

const answers = []
for (const question of questions) answers.push(await answer(question))
process.stdout.write(JSON.stringify(answers))
