/* In which language a peer is refused (RFC 9810 5.3.19.13). The text that it is told is in its language, the
 * log in English. A text without a row is told in English. */
#include <strings.h>

#include "server/cmp/internal.h"

static const char *const languages[] = {"en", "de", "fr", "es"};
enum { LANGUAGES = sizeof languages / sizeof languages[0] };

/* In the order of |languages|, without English. */
static const struct {
    const char *english, *in[LANGUAGES - 1];
} texts[] = {
    {"the message is not protected",
     {"die Nachricht ist nicht geschützt", "le message n'est pas protégé", "el mensaje no está protegido"}},
    {"the signature that protects the message is wrong",
     {"die Signatur, die die Nachricht schützt, ist falsch", "la signature qui protège le message est fausse",
      "la firma que protege el mensaje es incorrecta"}},
    {"reference and secret do not belong together: check both",
     {"Referenz und Geheimnis gehören nicht zusammen: beide prüfen",
      "la référence et le secret ne vont pas ensemble : vérifier les deux",
      "la referencia y el secreto no corresponden: compruebe ambos"}},
    {"this profile takes signatures only, no shared secrets",
     {"dieses Profil nimmt nur Signaturen an, keine gemeinsamen Geheimnisse",
      "ce profil n'accepte que des signatures, pas de secrets partagés",
      "este perfil solo acepta firmas, no secretos compartidos"}},
    {"the shared secret has been used or withdrawn: ask for a new one",
     {"das gemeinsame Geheimnis ist verbraucht oder zurückgezogen: ein neues anfordern",
      "le secret partagé a été utilisé ou retiré : en demander un nouveau",
      "el secreto compartido ya se usó o se retiró: pida uno nuevo"}},
    {"kur, ccr, rr and nested must be signed, not protected by a shared secret",
     {"kur, ccr, rr und nested müssen signiert sein, nicht durch ein gemeinsames Geheimnis geschützt",
      "kur, ccr, rr et nested doivent être signés, et non protégés par un secret partagé",
      "kur, ccr, rr y nested deben ir firmados, no protegidos con un secreto compartido"}},
    {"only an RA of this profile may send nested messages",
     {"nur eine RA dieses Profils darf verschachtelte Nachrichten schicken",
      "seule une RA de ce profil peut envoyer des messages imbriqués",
      "solo una RA de este perfil puede enviar mensajes anidados"}},
    {"this profile takes no nested messages",
     {"dieses Profil nimmt keine verschachtelten Nachrichten an",
      "ce profil n'accepte pas de messages imbriqués", "este perfil no acepta mensajes anidados"}},
    {"the nested message carries too many messages: send fewer at a time",
     {"die verschachtelte Nachricht enthält zu viele Nachrichten: weniger auf einmal schicken",
      "le message imbriqué contient trop de messages : en envoyer moins à la fois",
      "el mensaje anidado lleva demasiados mensajes: envíe menos a la vez"}},
    {"too many nested messages, one in the other",
     {"zu viele verschachtelte Nachrichten, eine in der anderen",
      "trop de messages imbriqués, l'un dans l'autre", "demasiados mensajes anidados, uno dentro de otro"}},
    {"a nested message with the transactionID of the message in it must have its senderNonce, too",
     {"eine verschachtelte Nachricht mit der transactionID der Nachricht darin muss auch deren senderNonce "
      "haben",
      "un message imbriqué qui a le transactionID du message qu'il contient doit aussi avoir son senderNonce",
      "un mensaje anidado con el transactionID del mensaje que lleva debe tener también su senderNonce"}},
    {"the message in the nested message is for another profile: send it to that one's path",
     {"die Nachricht in der verschachtelten ist für ein anderes Profil: an dessen Pfad schicken",
      "le message contenu est pour un autre profil : l'envoyer au chemin de celui-ci",
      "el mensaje contenido es para otro perfil: envíelo a la ruta de ese perfil"}},
    {"the transactionID of a batch must be none of the messages in it",
     {"die transactionID eines Stapels darf keine der Nachrichten darin sein",
      "le transactionID d'un lot ne doit être celui d'aucun des messages qu'il contient",
      "el transactionID de un lote no debe ser el de ninguno de los mensajes que lleva"}},
    {"messageTime is too far from the server's clock: set the device's clock",
     {"messageTime weicht zu weit von der Uhr des Servers ab: die Uhr des Geräts stellen",
      "messageTime est trop loin de l'heure du serveur : régler l'horloge de l'appareil",
      "messageTime se aparta demasiado del reloj del servidor: ajuste el reloj del dispositivo"}},
    {"messageTime is missing, and this profile wants it",
     {"messageTime fehlt, und dieses Profil verlangt es", "messageTime manque, et ce profil l'exige",
      "falta messageTime, y este perfil lo exige"}},
    {"senderNonce must have at least 128 bits",
     {"senderNonce muss mindestens 128 Bit haben", "senderNonce doit avoir au moins 128 bits",
      "senderNonce debe tener al menos 128 bits"}},
    {"recipNonce is not the senderNonce of the server's last answer",
     {"recipNonce ist nicht der senderNonce der letzten Antwort des Servers",
      "recipNonce n'est pas le senderNonce de la dernière réponse du serveur",
      "recipNonce no es el senderNonce de la última respuesta del servidor"}},
    {"no transaction has this transactionID: start again",
     {"keine Transaktion hat diese transactionID: von vorn beginnen",
      "aucune transaction n'a ce transactionID : recommencer",
      "ninguna transacción tiene este transactionID: empiece de nuevo"}},
    {"this transactionID is in use: start again with a new one",
     {"diese transactionID ist vergeben: mit einer neuen von vorn beginnen",
      "ce transactionID est déjà pris : recommencer avec un nouveau",
      "este transactionID está en uso: empiece de nuevo con otro"}},
    {"the transaction has ended",
     {"die Transaktion ist beendet", "la transaction est terminée", "la transacción ha terminado"}},
    {"this type of message is not supported",
     {"diese Art von Nachricht wird nicht unterstützt", "ce type de message n'est pas pris en charge",
      "este tipo de mensaje no se admite"}},
    {"certProfile names no profile of this server",
     {"certProfile nennt kein Profil dieses Servers", "certProfile ne désigne aucun profil de ce serveur",
      "certProfile no nombra ningún perfil de este servidor"}},
    {"the protecting certificate is not trusted by this profile",
     {"diesem Profil gilt das schützende Zertifikat nicht als vertrauenswürdig",
      "ce profil ne fait pas confiance au certificat qui protège le message",
      "este perfil no confía en el certificado que protege el mensaje"}},
    {"the protecting certificate is revoked",
     {"das schützende Zertifikat ist widerrufen", "le certificat qui protège le message est révoqué",
      "el certificado que protege el mensaje está revocado"}},
    {"the protecting certificate is on hold",
     {"das schützende Zertifikat ist vorläufig gesperrt", "le certificat qui protège le message est suspendu",
      "el certificado que protege el mensaje está suspendido"}},
    {"the protecting certificate was never confirmed",
     {"das schützende Zertifikat wurde nie bestätigt",
      "le certificat qui protège le message n'a jamais été confirmé",
      "el certificado que protege el mensaje nunca se confirmó"}},
    {"the protecting certificate was issued under another profile",
     {"das schützende Zertifikat wurde unter einem anderen Profil ausgestellt",
      "le certificat qui protège le message a été émis sous un autre profil",
      "el certificado que protege el mensaje se emitió bajo otro perfil"}},
    {"extraCerts lacks the certificate that senderKID and sender name",
     {"extraCerts fehlt das Zertifikat, das senderKID und sender nennen",
      "il manque à extraCerts le certificat que désignent senderKID et sender",
      "falta en extraCerts el certificado que nombran senderKID y sender"}},
    {"the signature of popo is wrong",
     {"die Signatur von popo ist falsch", "la signature de popo est fausse",
      "la firma de popo es incorrecta"}},
    {"popo is missing: sign certReq with the key to be certified",
     {"popo fehlt: certReq mit dem Schlüssel signieren, der zertifiziert werden soll",
      "popo manque : signer certReq avec la clé à certifier",
      "falta popo: firme certReq con la clave que se ha de certificar"}},
    {"publicKey is in use in another certificate: make a new key",
     {"publicKey steht schon in einem anderen Zertifikat: einen neuen Schlüssel erzeugen",
      "publicKey est déjà dans un autre certificat : créer une nouvelle clé",
      "publicKey ya está en otro certificado: genere una clave nueva"}},
    {"publicKey is the old one: make a new key",
     {"publicKey ist der alte Schlüssel: einen neuen erzeugen",
      "publicKey est l'ancienne clé : en créer une nouvelle",
      "publicKey es la clave antigua: genere una nueva"}},
    {"this profile does not certify keys of this type",
     {"dieses Profil zertifiziert keine Schlüssel dieser Art",
      "ce profil ne certifie pas les clés de ce type", "este perfil no certifica claves de este tipo"}},
    {"the RSA key is shorter or longer than this profile allows",
     {"der RSA-Schlüssel ist kürzer oder länger, als dieses Profil erlaubt",
      "la clé RSA est plus courte ou plus longue que ce profil ne le permet",
      "la clave RSA es más corta o más larga de lo que permite este perfil"}},
    {"this device is not listed here: ask the operator to list it",
     {"dieses Gerät ist hier nicht eingetragen: den Betreiber bitten, es einzutragen",
      "cet appareil n'est pas inscrit ici : demander à l'opérateur de l'inscrire",
      "este dispositivo no está registrado aquí: pida al operador que lo registre"}},
    {"this device is blocked: ask the operator",
     {"dieses Gerät ist gesperrt: den Betreiber fragen", "cet appareil est bloqué : s'adresser à l'opérateur",
      "este dispositivo está bloqueado: consulte al operador"}},
    {"this device has a certificate of this profile already: ask the operator to allow another",
     {"dieses Gerät hat schon ein Zertifikat dieses Profils: den Betreiber bitten, ein weiteres zu erlauben",
      "cet appareil a déjà un certificat de ce profil : demander à l'opérateur d'en permettre un autre",
      "este dispositivo ya tiene un certificado de este perfil: pida al operador que permita otro"}},
    {"this device has enrolled too often today: wait, or ask the operator",
     {"dieses Gerät hat heute zu oft ein Zertifikat geholt: warten oder den Betreiber fragen",
      "cet appareil s'est inscrit trop souvent aujourd'hui : attendre, ou s'adresser à l'opérateur",
      "este dispositivo se ha inscrito hoy demasiadas veces: espere o consulte al operador"}},
    {"the operator's system does not allow this: ask the operator",
     {"das System des Betreibers erlaubt das nicht: den Betreiber fragen",
      "le système de l'opérateur ne le permet pas : s'adresser à l'opérateur",
      "el sistema del operador no lo permite: consulte al operador"}},
    {"name the device in subject or subjectAltName",
     {"das Gerät in subject oder subjectAltName nennen", "nommer l'appareil dans subject ou subjectAltName",
      "nombre el dispositivo en subject o subjectAltName"}},
    {"the certificate is revoked already",
     {"das Zertifikat ist schon widerrufen", "le certificat est déjà révoqué",
      "el certificado ya está revocado"}},
    {"this CA has issued no certificate with this serialNumber",
     {"diese CA hat kein Zertifikat mit dieser serialNumber ausgestellt",
      "cette CA n'a émis aucun certificat avec ce serialNumber",
      "esta CA no ha emitido ningún certificado con este serialNumber"}},
    {"the CRL is too large for an answer: fetch it where its distribution point says",
     {"die CRL ist zu groß für eine Antwort: dort holen, wo ihr Verteilungspunkt sagt",
      "la CRL est trop grande pour une réponse : la prendre là où le dit son point de distribution",
      "la CRL es demasiado grande para una respuesta: obténgala donde indica su punto de distribución"}},
    {"this CA has made no CRL yet",
     {"diese CA hat noch keine CRL erstellt", "cette CA n'a pas encore fait de CRL",
      "esta CA aún no ha generado ninguna CRL"}},
    {"the server's store is not available: try again later",
     {"der Speicher des Servers ist nicht erreichbar: später noch einmal versuchen",
      "la base du serveur n'est pas disponible : réessayer plus tard",
      "el almacén del servidor no está disponible: inténtelo más tarde"}},
    {CMP_SIGNER_ENDED,
     {"ein Zertifikat des Servers ist abgelaufen: den Betreiber fragen",
      "un certificat du serveur a expiré : demander à l'opérateur",
      "un certificado del servidor ha caducado: pregunte al operador"}},
    {"the CA's key is not available: try again later",
     {"der Schlüssel der CA ist nicht erreichbar: später noch einmal versuchen",
      "la clé de la CA n'est pas disponible : réessayer plus tard",
      "la clave de la CA no está disponible: inténtelo más tarde"}},
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

/* RFC 4647 3.4: "de-AT" is answered in "de". */
static int language_of(struct bytes tag)
{
    enum { SUBTAG = 2 };

    if (tag.len < SUBTAG || (tag.len > SUBTAG && tag.data[SUBTAG] != '-'))
        return -1;
    for (int i = 0; i < LANGUAGES; i++)
        if (strncasecmp((const char *)tag.data, languages[i], SUBTAG) == 0)
            return i;
    return -1;
}

int cmp_find_language(struct bytes *tag, struct bytes tags)
{
    CBS list = cbs_of(tags), text;
    int language;

    while (CBS_get_asn1(&list, &text, CBS_ASN1_UTF8STRING))
        if ((language = language_of(bytes_of_cbs(&text))) >= 0) {
            *tag = bytes_of_cbs(&text);
            return language;
        }
    return -1;
}

/* What generalInfo has is handled gracefully (RFC 9483 3.5): of no language of ours comes no refusal. */
void cmp_choose_language(struct cmp_message *m)
{
    int language = cmp_find_language(&m->language_tag, m->in.header.languages);

    m->language = language > 0 ? (unsigned)language : 0;
}

const char *cmp_in_language(const struct cmp_message *m, const char *text)
{
    for (size_t i = 0; m->language != 0 && i < TEXTS; i++)
        if (strcmp(texts[i].english, text) == 0)
            return texts[i].in[m->language - 1];
    return text;
}
