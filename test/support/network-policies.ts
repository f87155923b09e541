import type { INetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';

export interface Peer {
  labels: Record<string, string>;
  /** Its namespace, if it is not that of the pods. */
  namespace?: string;
}

/** Whether the policies allow a connection by the rules of Kubernetes. `outside` is an address outside the cluster. */
export function isAllowed(
  policies: readonly INetworkPolicy[],
  from: Peer | 'outside',
  to: Peer | 'outside',
  port: number,
  protocol = 'TCP',
): boolean {
  return (
    isAllowedIn(policies, 'Egress', from, to, port, protocol) &&
    isAllowedIn(policies, 'Ingress', to, from, port, protocol)
  );
}

function isAllowedIn(
  policies: readonly INetworkPolicy[],
  direction: 'Ingress' | 'Egress',
  pod: Peer | 'outside',
  other: Peer | 'outside',
  port: number,
  protocol: string,
): boolean {
  if (pod === 'outside' || pod.namespace !== undefined) return true;
  const own = policies.filter(
    ({ spec }) => spec?.policyTypes?.includes(direction) && selects(spec.podSelector, pod.labels),
  );
  if (own.length === 0) return true;
  return own.some(({ spec }) => {
    const rules =
      direction === 'Ingress'
        ? (spec?.ingress ?? []).map((rule) => ({ peers: rule.from, ports: rule.ports }))
        : (spec?.egress ?? []).map((rule) => ({ peers: rule.to, ports: rule.ports }));
    return rules.some(
      ({ peers, ports }) =>
        (ports === undefined || ports.some((one) => one.port === port && (one.protocol ?? 'TCP') === protocol)) &&
        (peers === undefined || peers.some((peer) => other !== 'outside' && isPeer(peer, other))),
    );
  });
}

type PolicyPeer = NonNullable<NonNullable<NonNullable<INetworkPolicy['spec']>['egress']>[number]['to']>[number];

function isPeer({ podSelector, namespaceSelector }: PolicyPeer, { labels, namespace }: Peer): boolean {
  const isInNamespace =
    namespaceSelector === undefined
      ? namespace === undefined
      : selects(namespaceSelector, { 'kubernetes.io/metadata.name': namespace ?? 'default' });
  return isInNamespace && selects(podSelector ?? {}, labels);
}

type Selector = NonNullable<PolicyPeer['podSelector']>;

/** Supports labels and the operator `In`, which are all that the policies use. */
function selects({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Record<string, string>): boolean {
  return (
    Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      if (operator !== 'In') throw new Error(`unsupported operator: ${operator}`);
      return values.includes(labels[key] ?? '');
    })
  );
}
