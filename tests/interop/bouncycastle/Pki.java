import java.io.FileReader;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertStore;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.SubjectKeyIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Keys, certificates, and paths from one to another. */
final class Pki {
    private Pki() {}

    static KeyPair newKeys() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
        generator.initialize(new ECGenParameterSpec("P-256"));
        return generator.generateKeyPair();
    }

    static ContentSigner signer(PrivateKey key) throws OperatorCreationException {
        String algorithm = key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA";
        return signer(key, algorithm);
    }

    static ContentSigner signer(PrivateKey key, String algorithm) throws OperatorCreationException {
        return new JcaContentSignerBuilder(algorithm).setProvider("BC").build(key);
    }

    static PrivateKey privateKey(Path file) throws IOException {
        try (PEMParser parser = new PEMParser(new FileReader(file.toFile()))) {
            return new JcaPEMKeyConverter().setProvider("BC").getPrivateKey((PrivateKeyInfo) parser.readObject());
        }
    }

    static List<X509CertificateHolder> certificates(Path file) throws IOException {
        List<X509CertificateHolder> all = new ArrayList<>();
        try (PEMParser parser = new PEMParser(new FileReader(file.toFile()))) {
            Object object;
            while ((object = parser.readObject()) != null) all.add((X509CertificateHolder) object);
        }
        return all;
    }

    static X509Certificate java(X509CertificateHolder certificate) throws GeneralSecurityException {
        return new JcaX509CertificateConverter().getCertificate(certificate);
    }

    static byte[] keyId(X509CertificateHolder certificate) {
        return SubjectKeyIdentifier.fromExtensions(certificate.getExtensions()).getKeyIdentifier();
    }

    /** Throws if no path of Java's own validation leads from the certificate to the anchor. */
    static void checkPath(X509CertificateHolder certificate, X509CertificateHolder[] others,
        X509CertificateHolder anchor) throws GeneralSecurityException {
        X509CertSelector target = new X509CertSelector();
        List<X509Certificate> all = new ArrayList<>();
        target.setCertificate(java(certificate));
        all.add(java(certificate));
        for (X509CertificateHolder other : others) all.add(java(other));
        TrustAnchor trusted = new TrustAnchor(java(anchor), null);
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(Set.of(trusted), target);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(all)));
        parameters.setRevocationEnabled(false);
        CertPathBuilder.getInstance("PKIX").build(parameters);
    }
}
