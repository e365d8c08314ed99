import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.Arrays;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.GeneralPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessage;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/** The server as a device knows it: where it is, and what is trusted there. */
final class Server {
    final X509CertificateHolder root;
    final X500Name ca;
    private final URI url;
    private final HttpClient http;

    /** DIR was made by cmpctl init; TLS is trusted by ANCHOR; the URL is spoken to in one version of HTTP. */
    Server(Path dir, Path anchor, HttpClient.Version version, URI url) throws Exception {
        this.url = url;
        this.http = HttpClient.newBuilder().version(version).sslContext(trusting(anchor)).build();
        this.root = Pki.certificates(dir.resolve("ca/root.pem")).get(0);
        this.ca = Pki.certificates(dir.resolve("ca/issuing.pem")).get(0).getSubject();
    }

    private static SSLContext trusting(Path anchor) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        SSLContext context = SSLContext.getInstance("TLS");
        store.load(null, null);
        store.setCertificateEntry("server", Pki.java(Pki.certificates(anchor).get(0)));
        trust.init(store);
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    GeneralPKIMessage post(byte[] message) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(url)
                                  .header("Content-Type", "application/pkixcmp")
                                  .POST(HttpRequest.BodyPublishers.ofByteArray(message))
                                  .build();
        HttpResponse<byte[]> response = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
        String type = response.headers().firstValue("Content-Type").orElse("none");
        Deviation.unless(response.statusCode() == 200, "HTTP status " + response.statusCode());
        Deviation.unless(response.version() == http.version(), "it answers in " + response.version());
        Deviation.unless(type.equals("application/pkixcmp"), "the content type is " + type);
        return new GeneralPKIMessage(response.body());
    }

    /** The first of extraCerts has protected the answer, the others lead from it to the root (RFC 9483 3.3). */
    void checkSignature(ProtectedPKIMessage answer) throws Exception {
        X509CertificateHolder[] certificates = answer.getCertificates();
        Deviation.unless(certificates.length > 0, "no certificate in extraCerts");
        X509CertificateHolder signer = certificates[0];
        Pki.checkPath(signer, certificates, root);
        Deviation.unless(answer.verify(new JcaContentVerifierProviderBuilder().setProvider("BC").build(signer)),
            "the signature of the answer is wrong");
        Deviation.unless(answer.getHeader().getSender().equals(new GeneralName(signer.getSubject())),
            "the sender is not the signer");
        Deviation.unless(Arrays.equals(answer.getHeader().getSenderKID().getOctets(), Pki.keyId(signer)),
            "senderKID is not the signer's");
    }
}
