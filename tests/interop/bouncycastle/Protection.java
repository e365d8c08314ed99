import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.util.List;
import java.util.concurrent.Callable;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.PBMParameter;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PBMAC1Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.cmp.ProtectedPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessageBuilder;
import org.bouncycastle.cert.crmf.PKMACBuilder;
import org.bouncycastle.cert.crmf.jcajce.JcePKMACValuesCalculator;
import org.bouncycastle.operator.GenericKey;
import org.bouncycastle.operator.MacCalculator;
import org.bouncycastle.operator.PBEMacCalculatorProvider;
import org.bouncycastle.pkcs.jcajce.JcePBMac1CalculatorBuilder;
import org.bouncycastle.pkcs.jcajce.JcePBMac1CalculatorProviderBuilder;

/** How the messages of a transaction are protected. */
interface Protection {
    GeneralName sender();

    byte[] senderKeyId();

    ProtectedPKIMessage protect(ProtectedPKIMessageBuilder message) throws Exception;

    /** Checks an answer that is to be protected in the same way (RFC 9483 3.2). */
    void check(ProtectedPKIMessage answer, Server server) throws Exception;

    /** By the first certificate of a chain, with an algorithm by its Java name; null: the usual one. */
    record Signature(PrivateKey key, List<X509CertificateHolder> chain, String algorithm) implements Protection {
        Signature(PrivateKey key, List<X509CertificateHolder> chain) {
            this(key, chain, null);
        }

        public GeneralName sender() {
            return new GeneralName(chain.get(0).getSubject());
        }

        public byte[] senderKeyId() {
            return Pki.keyId(chain.get(0));
        }

        public ProtectedPKIMessage protect(ProtectedPKIMessageBuilder message) throws Exception {
            for (X509CertificateHolder certificate : chain) message.addCMPCertificate(certificate);
            return message.build(algorithm == null ? Pki.signer(key) : Pki.signer(key, algorithm));
        }

        public void check(ProtectedPKIMessage answer, Server server) throws Exception {
            server.checkSignature(answer);
        }
    }

    /** By a shared secret. A calculator keeps what it has seen: each message needs another. */
    record Mac(String reference, char[] secret, ASN1ObjectIdentifier algorithm, Callable<MacCalculator> calculator,
        PBEMacCalculatorProvider verifier) implements Protection {
        public GeneralName sender() {
            return new GeneralName(new X500Name("CN=" + reference)); // RFC 9483 4.1.5
        }

        public byte[] senderKeyId() {
            return reference.getBytes(StandardCharsets.UTF_8);
        }

        public ProtectedPKIMessage protect(ProtectedPKIMessageBuilder message) throws Exception {
            return message.build(calculator.call());
        }

        public void check(ProtectedPKIMessage answer, Server server) throws Exception {
            ASN1ObjectIdentifier theirs = answer.getHeader().getProtectionAlg().getAlgorithm();
            Deviation.unless(theirs.equals(algorithm), "another kind of protection: " + theirs);
            Deviation.unless(answer.verify(verifier, secret), "the MAC of the answer is wrong");
        }
    }

    /** PasswordBasedMac with SHA-256 (RFC 9481 6.1.1). */
    static Mac passwordBasedMac(String reference, char[] secret, int iterations) {
        AlgorithmIdentifier sha256 = new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256);
        AlgorithmIdentifier hmac = new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE);
        return passwordBasedMac(reference, secret, () -> {
            PBMParameter parameters = new PBMParameter(Transaction.nonce(), sha256, iterations, hmac);
            return macBuilder().setParameters(parameters).build(secret);
        });
    }

    /** PasswordBasedMac with SHA-3: the digest and the HMAC of RFC 9688, whose parameters are absent. */
    static Mac passwordBasedMacSha3(String reference, char[] secret, int iterations) {
        AlgorithmIdentifier sha3 = new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha3_256);
        AlgorithmIdentifier hmac = new AlgorithmIdentifier(NISTObjectIdentifiers.id_hmacWithSHA3_256);
        return passwordBasedMac(reference, secret, () -> {
            PBMParameter parameters = new PBMParameter(Transaction.nonce(), sha3, iterations, hmac);
            return macBuilder().setParameters(parameters).build(secret);
        });
    }

    /** PasswordBasedMac as Bouncy Castle has it by itself: SHA-1 stretches the secret, and HMAC-SHA1 is the MAC. */
    static Mac passwordBasedMacSha1(String reference, char[] secret, int iterations) {
        return passwordBasedMac(
            reference, secret, () -> macBuilder().setIterationCount(iterations).build(secret));
    }

    private static Mac passwordBasedMac(String reference, char[] secret, Callable<MacCalculator> calculator) {
        return new Mac(reference, secret, CMPObjectIdentifiers.passwordBasedMac, calculator, macBuilder());
    }

    private static PKMACBuilder macBuilder() {
        return new PKMACBuilder(new JcePKMACValuesCalculator().setProvider("BC"));
    }

    /** PBMAC1: PBKDF2, and a MAC with the key that it derives (RFC 9481 6.1.2). */
    static Mac pbmac1(String reference, char[] secret, int iterations, int bits) {
        JcePBMac1CalculatorBuilder builder = new JcePBMac1CalculatorBuilder("HmacSHA" + bits, bits)
                                                 .setPrf(JcePBMac1CalculatorBuilder.PRF_SHA256)
                                                 .setIterationCount(iterations)
                                                 .setSaltLength(Transaction.NONCE)
                                                 .setProvider("BC");
        PBEMacCalculatorProvider verifier = new JcePBMac1CalculatorProviderBuilder().setProvider("BC").build();
        return new Mac(reference, secret, PKCSObjectIdentifiers.id_PBMAC1,
            () -> new NamedPbkdf2(builder.build(secret)), verifier);
    }

    /** That builder (1.72) calls its key derivation id-PBES2, where RFC 8018 A.5 has id-PBKDF2, which it is. */
    record NamedPbkdf2(MacCalculator calculator) implements MacCalculator {
        public AlgorithmIdentifier getAlgorithmIdentifier() {
            PBMAC1Params params = PBMAC1Params.getInstance(calculator.getAlgorithmIdentifier().getParameters());
            AlgorithmIdentifier derivation = new AlgorithmIdentifier(
                PKCSObjectIdentifiers.id_PBKDF2, params.getKeyDerivationFunc().getParameters());
            return new AlgorithmIdentifier(
                PKCSObjectIdentifiers.id_PBMAC1, new PBMAC1Params(derivation, params.getMessageAuthScheme()));
        }

        public OutputStream getOutputStream() {
            return calculator.getOutputStream();
        }

        public byte[] getMac() {
            return calculator.getMac();
        }

        public GenericKey getKey() {
            return calculator.getKey();
        }
    }
}
