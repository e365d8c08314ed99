import static org.bouncycastle.asn1.cmp.PKIBody.*;

import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Security;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.cmp.CertRepMessage;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.RevRepContent;
import org.bouncycastle.asn1.crmf.CertReqMessages;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.crmf.jcajce.JcaCertificateRequestMessageBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * The habits of ONAP's certificate service: a secret that SHA-1 stretches, 1,000 to 1,999 times; an RSA key that proves itself
 * with SHA-256; implicitConfirm always; usages, purposes and a validity of its own; an update and a revocation by signature.
 * Any deviation ends the program with an exception.
 *
 * <p>Onap DIR ANCHOR URL REFERENCE SECRET
 */
public final class Onap {
    private static final X500Name SUBJECT = new X500Name("CN=onap");
    private static final int DAYS = 100;

    private final Server server;

    private Onap(Server server) {
        this.server = server;
    }

    private static KeyPair newKeys() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA", "BC");
        generator.initialize(2048);
        return generator.generateKeyPair();
    }

    private static CertReqMessages request(KeyPair keys, Instant end) throws Exception {
        var request = new JcaCertificateRequestMessageBuilder(BigInteger.ZERO).setPublicKey(keys.getPublic());
        request.setSubject(SUBJECT)
            .setValidity(Date.from(end.minus(DAYS, ChronoUnit.DAYS)), Date.from(end))
            .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
            .addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth))
            .addExtension(Extension.subjectAlternativeName, false,
                new GeneralNames(new GeneralName(GeneralName.dNSName, "onap.example")))
            .setProofOfPossessionSigningKeySigner(Pki.signer(keys.getPrivate()));
        return new CertReqMessages(request.build().toASN1Structure());
    }

    /** A certificate of TYPE, with what was asked for. */
    private Protection enroll(int type, Protection protection) throws Exception {
        KeyPair keys = newKeys();
        Instant end = Instant.now().plus(DAYS, ChronoUnit.DAYS).truncatedTo(ChronoUnit.SECONDS);
        Transaction transaction = new Transaction(server, protection, true);
        CertRepMessage reply =
            CertRepMessage.getInstance(transaction.exchange(type, request(keys, end), type + 1));
        X509CertificateHolder certificate = Client.certificateIn(reply.getResponse()[0]);
        Pki.checkPath(certificate, transaction.extraCerts(), server.root);
        Deviation.unless(transaction.confirmedImplicitly(), "it is to be confirmed");
        Deviation.unless(certificate.getSubject().equals(SUBJECT), "the subject is " + certificate.getSubject());
        Deviation.unless(certificate.getNotAfter().toInstant().equals(end), "it ends " + certificate.getNotAfter());
        Deviation.unless(KeyUsage.fromExtensions(certificate.getExtensions())
                             .equals(new KeyUsage(KeyUsage.digitalSignature)), "it has another usage");
        Deviation.unless(ExtendedKeyUsage.fromExtensions(certificate.getExtensions())
                             .hasKeyPurposeId(KeyPurposeId.id_kp_clientAuth), "it has another purpose");
        return new Protection.Signature(keys.getPrivate(), List.of(certificate));
    }

    private void run(Protection secret) throws Exception {
        Protection first = enroll(TYPE_INIT_REQ, secret), second = enroll(TYPE_KEY_UPDATE_REQ, first);
        X509CertificateHolder certificate = ((Protection.Signature) second).chain().get(0);
        RevRepContent revoked = RevRepContent.getInstance(new Transaction(server, second, false)
                .exchange(TYPE_REVOCATION_REQ, Client.revocation(certificate), TYPE_REVOCATION_REP));
        Deviation.unless(revoked.getStatus()[0].getStatus().intValue() == PKIStatus.GRANTED, "rr is not accepted");
    }

    public static void main(String[] args) throws Exception {
        Path dir = Path.of(args[0]), anchor = Path.of(args[1]);
        Security.addProvider(new BouncyCastleProvider());
        char[] secret = Files.readString(Path.of(args[4])).strip().toCharArray();
        int iterations = 1000 + new SecureRandom().nextInt(1000);
        new Onap(new Server(dir, anchor, HttpClient.Version.HTTP_1_1, URI.create(args[2])))
            .run(Protection.passwordBasedMacSha1(args[3], secret, iterations));
    }
}
