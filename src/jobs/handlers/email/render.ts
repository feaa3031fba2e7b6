import { type RenderedMail, renderMail } from './content.ts';
import { InvalidMailContextError } from './errors.ts';
import { type MailName, templateNamed } from './templates/index.ts';

/** @throws InvalidMailContextError unless the context is what the template needs */
export const checkedContext = (
  name: MailName,
  context: unknown,
): Record<string, string> => {
  const result = templateNamed(name).context.safeParse(context);
  if (result.success) return result.data;
  throw new InvalidMailContextError(
    name,
    result.error.issues.map(
      ({ path, message }) => `${path.join('.')}: ${message}`,
    ),
  );
};

/** Makes a mail from its template. @throws InvalidMailContextError */
export const renderTemplate = (
  name: MailName,
  context: unknown,
  recipient: { readonly name: string },
): RenderedMail =>
  renderMail(
    templateNamed(name).content(checkedContext(name, context)),
    recipient,
  );
