import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.util.Date;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.cmp.PKIMessages;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.cmp.GeneralPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessage;
import org.bouncycastle.cert.cmp.ProtectedPKIMessageBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** An RA that sends on the messages of stations (RFC 9483 5.2.2). Prints the types of the bodies that answer them. */
final class Nested {
    private Nested() {}

    /** DIR ANCHOR URL KEY CERTIFICATE MESSAGE...: the first with protection that is added, then all of them in a batch. */
    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        Server server = new Server(
            Path.of(arguments[0]), Path.of(arguments[1]), HttpClient.Version.HTTP_1_1, URI.create(arguments[2]));
        Protection ra = new Protection.Signature(
            Pki.privateKey(Path.of(arguments[3])), Pki.certificates(Path.of(arguments[4])));
        PKIMessage[] messages = new PKIMessage[arguments.length - 5];
        for (int i = 0; i < messages.length; i++)
            messages[i] = PKIMessage.getInstance(Files.readAllBytes(Path.of(arguments[i + 5])));
        addProtection(server, ra, messages[0]);
        batch(server, ra, messages);
    }

    /** RFC 9483 5.2.2.1: transactionID and senderNonce of the message; the answer is that to it. */
    private static void addProtection(Server server, Protection ra, PKIMessage message) throws Exception {
        ProtectedPKIMessageBuilder nested =
            new ProtectedPKIMessageBuilder(ra.sender(), new GeneralName(server.ca))
                .setMessageTime(new Date())
                .setTransactionID(message.getHeader().getTransactionID().getOctets())
                .setSenderNonce(message.getHeader().getSenderNonce().getOctets())
                .setSenderKID(ra.senderKeyId())
                .setBody(new PKIBody(PKIBody.TYPE_NESTED, new PKIMessages(message)));
        GeneralPKIMessage got = server.post(ra.protect(nested).toASN1Structure().getEncoded("DER"));
        check(server, message, got);
        System.out.println("added " + got.getBody().getType());
    }

    /** RFC 9483 5.2.2.2: Transaction holds header and protection of the nested answer against the rules. */
    private static void batch(Server server, Protection ra, PKIMessage[] messages) throws Exception {
        PKIMessage[] answers = PKIMessages.getInstance(
            new Transaction(server, ra, false).exchange(PKIBody.TYPE_NESTED, new PKIMessages(messages), PKIBody.TYPE_NESTED))
                                   .toPKIMessageArray();
        Deviation.unless(answers.length == messages.length, answers.length + " answers to " + messages.length + " messages");
        for (int i = 0; i < answers.length; i++) {
            check(server, messages[i], new GeneralPKIMessage(answers[i].getEncoded()));
            System.out.println("batch " + answers[i].getBody().getType());
        }
    }

    private static void check(Server server, PKIMessage message, GeneralPKIMessage answer) throws Exception {
        Deviation.unless(answer.getHeader().getTransactionID().equals(message.getHeader().getTransactionID()),
            "an answer to another message");
        Deviation.unless(answer.getHeader().getRecipNonce().equals(message.getHeader().getSenderNonce()),
            "recipNonce is not the station's senderNonce");
        server.checkSignature(new ProtectedPKIMessage(answer));
    }
}
