import ipaddr from 'ipaddr.js';

/** Cloud machines tell their credentials to whoever asks here: forbidden even where private addresses are allowed. */
const metadata: readonly string[] = [
  // Link-local ones, such as 169.254.169.254, are forbidden by their range.
  '100.100.100.200',
  '168.63.129.16',
  'fd00:ec2::254',
  'fd20:ce::254',
];

const privateRanges: ReadonlySet<string> = new Set([
  'private',
  'loopback',
  'uniqueLocal',
  'carrierGradeNat',
]);

/** All of IPv6 that is given out to be reached from everywhere: 2000::/3. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3');

/** IPv4 in IPv6's clothes (`::ffff:10.0.0.1`) counts as the IPv4 address that it is. */
const parse = (address: string) => ipaddr.process(address);

/**
 * Whether a request may go to an IP address: to a public one always, to a private one (RFC 1918, loopback,
 * unique local, carrier-grade NAT) if that is allowed. Link-local addresses, cloud metadata, multicast,
 * reserved ranges and translations from IPv6 to IPv4 are never reached.
 */
export const mayReach = (
  address: string,
  { allowPrivate }: { readonly allowPrivate: boolean },
): boolean => {
  if (!ipaddr.isValid(address)) return false;
  const parsed = parse(address);
  const text = parsed.toString();
  if (metadata.some((each) => parse(each).toString() === text)) return false;
  const range = parsed.range();
  if (privateRanges.has(range)) return allowPrivate;
  if (range !== 'unicast') return false;
  return parsed.kind() === 'ipv4' || parsed.match(globalUnicast);
};
