import static org.bouncycastle.asn1.cmp.PKIBody.*;

import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.Security;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.asn1.cmp.CertConfirmContent;
import org.bouncycastle.asn1.cmp.CertRepMessage;
import org.bouncycastle.asn1.cmp.CertReqTemplateContent;
import org.bouncycastle.asn1.cmp.CertResponse;
import org.bouncycastle.asn1.cmp.CertStatus;
import org.bouncycastle.asn1.cmp.GenMsgContent;
import org.bouncycastle.asn1.cmp.GenRepContent;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;
import org.bouncycastle.asn1.cmp.RevDetails;
import org.bouncycastle.asn1.cmp.RevRepContent;
import org.bouncycastle.asn1.crmf.CRMFObjectIdentifiers;
import org.bouncycastle.asn1.crmf.CertId;
import org.bouncycastle.asn1.crmf.CertReqMessages;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.crmf.CertTemplateBuilder;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.CertificateConfirmationContentBuilder;
import org.bouncycastle.cert.crmf.Control;
import org.bouncycastle.cert.crmf.jcajce.JcaCertificateRequestMessageBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/**
 * A device by Bouncy Castle, against a demo CA: it enrolls, updates and revokes with every kind of protection, and is
 * refused what must be refused. Any deviation ends the program with an exception.
 *
 * <p>Client DIR ANCHOR {HTTP_1_1|HTTP_2 URL}...: DIR was made by cmpctl init --demo, ANCHOR is the file of a certificate
 * that TLS may be trusted by, and each URL, that of the profile, is spoken to in that version of HTTP and no other. What the
 * store must hold in the end goes to standard output, for each certificate a line "SERIAL STATUS".
 */
public final class Client {
    private static final int ITERATIONS = 1000;
    private static final int ITERATIONS_MAX = 100000; // mac.iterations_max of the profile
    private static final BigInteger P10CR_REQ_ID = BigInteger.ONE.negate(); // RFC 9483 4.1.4

    private enum Confirmation { EXPLICIT, IMPLICIT, REJECTION }

    private final Server server;

    private Client(Server server) {
        this.server = server;
    }

    // ---- bodies ----

    private static CertReqMsg request(int id, KeyPair keys, X500Name subject, X509CertificateHolder old) throws Exception {
        var request = new JcaCertificateRequestMessageBuilder(BigInteger.valueOf(id)).setPublicKey(keys.getPublic());
        request.setSubject(subject).setProofOfPossessionSigningKeySigner(Pki.signer(keys.getPrivate()));
        if (old != null) request.addControl(oldCertId(old));
        return request.build().toASN1Structure();
    }

    private static ASN1Encodable request(KeyPair keys, X500Name subject, X509CertificateHolder old) throws Exception {
        return new CertReqMessages(request(0, keys, subject, old));
    }

    /** RFC 4211 6.5. */
    private static Control oldCertId(X509CertificateHolder old) {
        CertId id = new CertId(new GeneralName(old.getIssuer()), old.getSerialNumber());
        return new Control() {
            public ASN1ObjectIdentifier getType() {
                return CRMFObjectIdentifiers.id_regCtrl.branch("5");
            }

            public ASN1Encodable getValue() {
                return id;
            }
        };
    }

    private static ASN1Encodable pkcs10(KeyPair keys, X500Name subject) throws Exception {
        return new JcaPKCS10CertificationRequestBuilder(subject, keys.getPublic())
            .build(Pki.signer(keys.getPrivate()))
            .toASN1Structure();
    }

    /** RFC 9483 4.2. */
    static ASN1Encodable revocation(X509CertificateHolder certificate) throws Exception {
        byte[] superseded = CRLReason.lookup(CRLReason.superseded).getEncoded();
        CertTemplateBuilder details = new CertTemplateBuilder()
                                          .setIssuer(certificate.getIssuer())
                                          .setSerialNumber(new ASN1Integer(certificate.getSerialNumber()));
        return new DERSequence(
            new RevDetails(details.build(), new Extensions(new Extension(Extension.reasonCode, false, superseded))));
    }

    private static ASN1Encodable confirmation(X509CertificateHolder certificate, BigInteger id, boolean accepted)
        throws Exception {
        CertConfirmContent content =
            new CertificateConfirmationContentBuilder()
                .addAcceptedCertificate(certificate, id)
                .build(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
                .toASN1Structure();
        if (accepted) return content;
        byte[] hash = content.toCertStatusArray()[0].getCertHash().getOctets();
        return new DERSequence(new CertStatus(hash, id, new PKIStatusInfo(PKIStatus.rejection)));
    }

    // ---- enrollment ----

    /** A certificate with its key. */
    private record Identity(KeyPair keys, X509CertificateHolder certificate, X509CertificateHolder[] others) {
        Protection protection() {
            List<X509CertificateHolder> chain = new ArrayList<>(List.of(certificate));
            for (X509CertificateHolder other : others)
                if (other.getSubject().equals(certificate.getIssuer())) chain.add(other);
            return new Protection.Signature(keys.getPrivate(), chain);
        }
    }

    private Identity enroll(int type, Protection protection, Confirmation confirmation) throws Exception {
        return enroll(type, protection, confirmation, new X500Name("O=Operator,CN=gnb-1"), null);
    }

    private Identity update(Identity old, Confirmation confirmation) throws Exception {
        X500Name subject = old.certificate().getSubject();
        return enroll(TYPE_KEY_UPDATE_REQ, old.protection(), confirmation, subject, old.certificate());
    }

    private Identity enroll(int type, Protection protection, Confirmation confirmation, X500Name subject,
        X509CertificateHolder old) throws Exception {
        KeyPair keys = Pki.newKeys();
        boolean p10 = type == TYPE_P10_CERT_REQ, implicit = confirmation == Confirmation.IMPLICIT;
        ASN1Encodable request = p10 ? pkcs10(keys, subject) : request(keys, subject, old);
        Transaction transaction = new Transaction(server, protection, implicit);
        CertRepMessage reply =
            CertRepMessage.getInstance(transaction.exchange(type, request, p10 ? TYPE_CERT_REP : type + 1));
        X509CertificateHolder[] others = transaction.extraCerts();

        Deviation.unless(reply.getResponse().length == 1, "not one response");
        CertResponse response = reply.getResponse()[0];
        BigInteger id = response.getCertReqId().getValue();
        Deviation.unless(id.equals(p10 ? P10CR_REQ_ID : BigInteger.ZERO), "certReqId is " + id);
        X509CertificateHolder certificate = certificateIn(response);
        Deviation.unless(certificate.getSubject().equals(subject), "the subject is " + certificate.getSubject());
        Deviation.unless(SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded())
                             .equals(certificate.getSubjectPublicKeyInfo()),
            "the key is another");
        Pki.checkPath(certificate, others, server.root);
        checkCaPubs(reply, type == TYPE_INIT_REQ && protection instanceof Protection.Mac);

        Deviation.unless(transaction.confirmedImplicitly() == implicit, "implicitConfirm is not as we asked");
        if (!implicit) {
            boolean accepted = confirmation == Confirmation.EXPLICIT;
            transaction.exchange(TYPE_CERT_CONFIRM, confirmation(certificate, id, accepted), TYPE_CONFIRM);
        }
        if (confirmation == Confirmation.REJECTION) inStore(certificate, "revoked");
        return new Identity(keys, certificate, others);
    }

    /** Three requests in one message (RFC 9810 5.3.1); what the certConf leaves out is rejected (5.3.18). */
    private void enrollSeveral(Protection protection, boolean implicit) throws Exception {
        CertReqMsg[] requests = new CertReqMsg[3];
        for (int i = 0; i < requests.length; i++)
            requests[i] = request(i, Pki.newKeys(), new X500Name("O=Operator,CN=gnb-" + i), null);
        Transaction transaction = new Transaction(server, protection, implicit);
        CertResponse[] responses = CertRepMessage.getInstance(
            transaction.exchange(TYPE_INIT_REQ, new CertReqMessages(requests), TYPE_INIT_REP)).getResponse();
        Deviation.unless(responses.length == requests.length, responses.length + " responses");
        CertificateConfirmationContentBuilder confirmed = new CertificateConfirmationContentBuilder();
        for (int i = 0; i < responses.length; i++) {
            X509CertificateHolder certificate = certificateIn(responses[i]);
            Deviation.unless(responses[i].getCertReqId().getValue().intValue() == i, "another certReqId");
            Deviation.unless(certificate.getSubject().equals(new X500Name("O=Operator,CN=gnb-" + i)), "another subject");
            Pki.checkPath(certificate, transaction.extraCerts(), server.root);
            boolean accepted = implicit || i != 1;
            if (accepted) confirmed.addAcceptedCertificate(certificate, BigInteger.valueOf(i));
            inStore(certificate, accepted ? "valid" : "revoked");
        }
        Deviation.unless(transaction.confirmedImplicitly() == implicit, "implicitConfirm is not as we asked");
        if (!implicit)
            transaction.exchange(TYPE_CERT_CONFIRM,
                confirmed.build(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build()).toASN1Structure(), TYPE_CONFIRM);
    }

    static X509CertificateHolder certificateIn(CertResponse response) {
        BigInteger status = response.getStatus().getStatus();
        Deviation.unless(status.intValue() == PKIStatus.GRANTED, "the status is " + status);
        return new X509CertificateHolder(
            response.getCertifiedKeyPair().getCertOrEncCert().getCertificate().getX509v3PKCert());
    }

    /** RFC 9483 4.1.5: a device that trusts nothing but its secret gets the root along with its certificate. */
    private void checkCaPubs(CertRepMessage reply, boolean expected) {
        CMPCertificate[] certificates = reply.getCaPubs();
        boolean there = certificates != null && certificates.length == 1
            && new X509CertificateHolder(certificates[0].getX509v3PKCert()).equals(server.root);
        Deviation.unless(expected ? there : certificates == null, "caPubs are not as they should be");
    }

    private static void inStore(X509CertificateHolder certificate, String status) {
        System.out.printf("%032x %s%n", certificate.getSerialNumber(), status);
    }

    // ---- general messages (RFC 9810 5.3.19) ----

    private static final ASN1ObjectIdentifier ID_IT = new ASN1ObjectIdentifier("1.3.6.1.5.5.7.4");
    private static final int CA_CERTS = 17, ROOT_UPDATE = 18, TEMPLATE = 19, ROOT = 20, UNSUPPORTED = 7, SIGNING = 2,
        SUPPLEMENTARY = 99;

    private static InfoTypeAndValue question(int number) {
        return new InfoTypeAndValue(ID_IT.branch(Integer.toString(number)));
    }

    /** Several questions in a message: one answer each, and what is not known here named in the end. */
    private void ask(Protection protection) throws Exception {
        GenMsgContent questions = new GenMsgContent(new InfoTypeAndValue[] {question(CA_CERTS), question(ROOT), question(TEMPLATE),
            question(SUPPLEMENTARY), question(SIGNING)});
        InfoTypeAndValue[] given = GenRepContent.getInstance(
            new Transaction(server, protection, false).exchange(TYPE_GEN_MSG, questions, TYPE_GEN_REP)).toInfoTypeAndValueArray();
        int[] expected = {CA_CERTS, ROOT_UPDATE, TEMPLATE, SIGNING, UNSUPPORTED};
        Deviation.unless(given.length == expected.length, given.length + " answers");
        for (int i = 0; i < given.length; i++)
            Deviation.unless(given[i].getInfoType().equals(question(expected[i]).getInfoType()), "answer " + given[i].getInfoType());

        ASN1Sequence certificates = ASN1Sequence.getInstance(given[0].getInfoValue());
        X509CertificateHolder issuing = new X509CertificateHolder(CMPCertificate.getInstance(certificates.getObjectAt(0)).getX509v3PKCert());
        Deviation.unless(certificates.size() == 1, "not one certificate of a CA");
        Pki.checkPath(issuing, new X509CertificateHolder[0], server.root);
        Deviation.unless(given[1].getInfoValue() == null, "there is an update of the root");
        CertReqTemplateContent template = CertReqTemplateContent.getInstance(given[2].getInfoValue());
        Deviation.unless(template.getCertTemplate().getPublicKey() == null, "the template has a key");
        Deviation.unless(template.getKeySpec().size() > 1, "the template says nothing of keys");
        Deviation.unless(ASN1Sequence.getInstance(given[3].getInfoValue()).size() > 1, "no types of keys");
        Deviation.unless(ASN1Sequence.getInstance(given[4].getInfoValue()).getObjectAt(0).equals(question(SUPPLEMENTARY).getInfoType()),
            "another infoType is not known");
    }

    // ---- the course of events ----

    private void refused(Protection protection, int type, ASN1Encodable content, int expected, int failInfo)
        throws Exception {
        new Transaction(server, protection, false).refused(type, content, expected, failInfo);
    }

    private void run(Path demo) throws Exception {
        Protection device = new Protection.Signature(
            Pki.privateKey(demo.resolve("device.key")), Pki.certificates(demo.resolve("device-chain.pem")));
        String reference = Files.readString(demo.resolve("mac-reference")).strip();
        char[] secret = Files.readString(demo.resolve("mac-secret")).strip().toCharArray();
        Protection pbm = Protection.passwordBasedMac(reference, secret, ITERATIONS);
        Protection pbmac1 = Protection.pbmac1(reference, secret, ITERATIONS, 256);
        Protection sha512 = Protection.pbmac1(reference, secret, ITERATIONS, 512);

        for (Protection protection : List.of(device, pbm, pbmac1, sha512)) {
            for (Confirmation confirmation : Confirmation.values()) {
                Identity enrolled = enroll(TYPE_INIT_REQ, protection, confirmation);
                if (confirmation != Confirmation.REJECTION) inStore(enrolled.certificate(), "valid");
            }
            inStore(enroll(TYPE_CERT_REQ, protection, Confirmation.EXPLICIT).certificate(), "valid");
            inStore(enroll(TYPE_P10_CERT_REQ, protection, Confirmation.EXPLICIT).certificate(), "valid");
            ask(protection);
        }

        enrollSeveral(device, false);
        enrollSeveral(device, true);

        // RFC 9481 3.2 and RFC 9688: SHAKE and SHA-3 beneath ECDSA, and SHA-3 in a MAC.
        for (String algorithm : List.of("SHAKE128WITHECDSA", "SHAKE256WITHECDSA", "SHA3-256WITHECDSA", "SHA3-512WITHECDSA")) {
            Protection other = new Protection.Signature(Pki.privateKey(demo.resolve("device.key")),
                Pki.certificates(demo.resolve("device-chain.pem")), algorithm);
            inStore(enroll(TYPE_INIT_REQ, other, Confirmation.EXPLICIT).certificate(), "valid");
        }
        Protection sha3 = Protection.passwordBasedMacSha3(reference, secret, ITERATIONS);
        inStore(enroll(TYPE_INIT_REQ, sha3, Confirmation.EXPLICIT).certificate(), "valid");

        // A certificate of this CA protects the request for another, and is updated; what came of it is revoked.
        Identity first = enroll(TYPE_CERT_REQ, device, Confirmation.EXPLICIT);
        inStore(first.certificate(), "valid");
        inStore(enroll(TYPE_CERT_REQ, first.protection(), Confirmation.EXPLICIT).certificate(), "valid");
        inStore(update(first, Confirmation.IMPLICIT).certificate(), "valid");
        update(first, Confirmation.REJECTION);
        Identity updated = update(first, Confirmation.EXPLICIT);
        ASN1Encodable revocation = revocation(updated.certificate());
        RevRepContent revoked = RevRepContent.getInstance(new Transaction(server, updated.protection(), false)
                .exchange(TYPE_REVOCATION_REQ, revocation, TYPE_REVOCATION_REP));
        Deviation.unless(revoked.getStatus().length == 1, "not one status");
        Deviation.unless(revoked.getStatus()[0].getStatus().intValue() == PKIStatus.GRANTED, "rr is not accepted");
        inStore(updated.certificate(), "revoked");

        ASN1Encodable request = request(Pki.newKeys(), new X500Name("CN=refused"), null);
        refused(updated.protection(), TYPE_REVOCATION_REQ, revocation, TYPE_REVOCATION_REP, PKIFailureInfo.certRevoked);
        refused(updated.protection(), TYPE_CERT_REQ, request, TYPE_ERROR, PKIFailureInfo.signerNotTrusted);
        revocation = revocation(first.certificate());
        refused(device, TYPE_REVOCATION_REQ, revocation, TYPE_REVOCATION_REP, PKIFailureInfo.notAuthorized);
        refused(pbm, TYPE_REVOCATION_REQ, revocation, TYPE_ERROR, PKIFailureInfo.wrongIntegrity);
        refused(pbmac1, TYPE_REVOCATION_REQ, revocation, TYPE_ERROR, PKIFailureInfo.wrongIntegrity);

        char[] wrong = "not the secret".toCharArray();
        for (Protection mac : List.of(Protection.passwordBasedMac(reference, wrong, ITERATIONS),
                 Protection.pbmac1(reference, wrong, ITERATIONS, 256)))
            refused(mac, TYPE_INIT_REQ, request, TYPE_ERROR, PKIFailureInfo.badMessageCheck);
        for (Protection mac : List.of(Protection.passwordBasedMac(reference, secret, ITERATIONS_MAX + 1),
                 Protection.pbmac1(reference, secret, ITERATIONS_MAX + 1, 256),
                 Protection.passwordBasedMacSha1(reference, secret, ITERATIONS)))
            refused(mac, TYPE_INIT_REQ, request, TYPE_ERROR, PKIFailureInfo.badAlg);
    }

    public static void main(String[] args) throws Exception {
        Path dir = Path.of(args[0]), anchor = Path.of(args[1]);
        Security.addProvider(new BouncyCastleProvider());
        for (int i = 2; i < args.length; i += 2) {
            HttpClient.Version version = HttpClient.Version.valueOf(args[i]);
            new Client(new Server(dir, anchor, version, URI.create(args[i + 1]))).run(dir.resolve("demo"));
        }
    }
}
