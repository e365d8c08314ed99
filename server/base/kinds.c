/* kinds.c: ready-made profiles, as pieces of cmpd.yaml. A profile that names one by kind: has these settings
 * unless it says otherwise. What is publicly known of the clauses is in deploy/3GPP.md. */
#include "config.h"

static const struct config_ready_made kinds[] = {
    {"gnb-ipsec",
     "a gNB towards a security gateway (3GPP TS 33.310 clause 9; id-kp-ipsecIKE of RFC 4945 5.1.3.12)",
     "# The name is the device's identity in the operator's network; a security gateway knows the gNB by "
     "the\n"
     "# dNSName. IKEv2 signs, so the key needs no other use.\n"
     "names:\n"
     "  subject: [\"CN=${device.identity}.gnb.mnc${mnc}.mcc${mcc}.3gppnetwork.org\"]\n"
     "  san: [\"DNS:${device.identity}.gnb.mnc${mnc}.mcc${mcc}.3gppnetwork.org\"]\n"
     "certificate:\n"
     "  key_usage: [digitalSignature]\n"
     "  extended_key_usage: [ipsecIKE]\n"
     "request:\n"
     "  honour: []\n"
     "answer:\n"
     "  ca_pubs: always\n"},
    {"gnb-tls", "a gNB that speaks TLS or DTLS (3GPP TS 33.310 clause 9; RFC 5280 4.2.1.12)",
     "# The name is that of gnb-ipsec. A gNB is client and server.\n"
     "names:\n"
     "  subject: [\"CN=${device.identity}.gnb.mnc${mnc}.mcc${mcc}.3gppnetwork.org\"]\n"
     "  san: [\"DNS:${device.identity}.gnb.mnc${mnc}.mcc${mcc}.3gppnetwork.org\"]\n"
     "certificate:\n"
     "  key_usage: [digitalSignature]\n"
     "  extended_key_usage: [clientAuth, serverAuth]\n"
     "request:\n"
     "  honour: []\n"
     "answer:\n"
     "  ca_pubs: always\n"},
    {"enb-ipsec", "an eNB towards an older security gateway (3GPP TS 33.310 clause 9; RFC 4945 5.1.3.12)",
     "# Older gateways want IKE intermediate (1.3.6.1.5.5.8.2.2). keyEncipherment comes with RSA keys "
     "alone.\n"
     "names:\n"
     "  subject: [\"CN=${device.identity}.enb.mnc${mnc}.mcc${mcc}.3gppnetwork.org\"]\n"
     "  san: [\"DNS:${device.identity}.enb.mnc${mnc}.mcc${mcc}.3gppnetwork.org\"]\n"
     "certificate:\n"
     "  key_usage: [digitalSignature, keyEncipherment]\n"
     "  extended_key_usage: [ipsecIKE, ikeIntermediate]\n"
     "request:\n"
     "  honour: []\n"
     "answer:\n"
     "  ca_pubs: always\n"},
    {"seg", "a security gateway (3GPP TS 33.310, as others tell of it; RFC 4945 5.1.3.12)",
     "# Known by the FQDN in the list of devices. CRL distribution points are wanted: give urls.crl.\n"
     "# keyEncipherment comes with RSA keys alone.\n"
     "names:\n"
     "  subject: [\"CN=${device.fqdn}\"]\n"
     "  san: [\"DNS:${device.fqdn}\"]\n"
     "certificate:\n"
     "  key_usage: [digitalSignature, keyEncipherment]\n"
     "  extended_key_usage: [ipsecIKE]\n"
     "request:\n"
     "  honour: []\n"},
    {"nf-tls",
     "a network function of 5GC that speaks TLS (3GPP TS 33.310 table 6.1.3c.3-1, by RFC 9310 appendix B)",
     "# The identity in the list of devices is nfInstanceId, a UUID. Give certificate.nf_types (RFC 9310), "
     "such\n"
     "# as [AMF], and urls.crl.\n"
     "names:\n"
     "  subject: [\"O=5gc.mnc${mnc}.mcc${mcc}.3gppnetwork.org\", \"CN=${device.identity}\"]\n"
     "  san: [\"DNS:${device.fqdn}\", \"URI:urn:uuid:${device.identity}\"]\n"
     "certificate:\n"
     "  key_usage: [digitalSignature]\n"
     "  extended_key_usage: [clientAuth, serverAuth]\n"
     "  critical: [basicConstraints, keyUsage, subjectAltName]\n"
     "request:\n"
     "  honour: []\n"},
    {"nf-oauth", "a network function of 5GC that signs tokens (RFC 9509 section 4; RFC 9310 appendix B)",
     "# Names as for nf-tls. The key signs JSON Web Tokens and access tokens; RFC 9509 wants "
     "digitalSignature for\n"
     "# both. Give certificate.nf_types.\n"
     "names:\n"
     "  subject: [\"O=5gc.mnc${mnc}.mcc${mcc}.3gppnetwork.org\", \"CN=${device.identity}\"]\n"
     "  san: [\"URI:urn:uuid:${device.identity}\"]\n"
     "certificate:\n"
     "  key_usage: [digitalSignature]\n"
     "  extended_key_usage: [jwt, oauthAccessTokenSigning]\n"
     "  critical: [basicConstraints, keyUsage, subjectAltName]\n"
     "request:\n"
     "  honour: []\n"},
    {"oam", "operation and maintenance (O-RAN.WG11 SecProtSpec 4.6, as others tell of it)",
     "# The mail address is the user of NETCONF. A year at most, and key identifiers by RFC 7093. CRL\n"
     "# distribution points are wanted: give urls.crl.\n"
     "names:\n"
     "  subject: [\"CN=${device.identity}\"]\n"
     "  san: [\"email:${device.identity}@oam.mnc${mnc}.mcc${mcc}.3gppnetwork.org\"]\n"
     "certificate:\n"
     "  validity_days: 365\n"
     "  key_identifier: sha256\n"
     "  key_usage: [digitalSignature]\n"
     "  extended_key_usage: [clientAuth, serverAuth]\n"
     "request:\n"
     "  honour: []\n"},
};

const struct config_ready_made *config_kinds(size_t *count)
{
    *count = sizeof kinds / sizeof kinds[0];
    return kinds;
}
