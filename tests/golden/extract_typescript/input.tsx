'use client';
/**
 * Parcel overview.
 *
 * Story: SHIP-3.1
 */
import React, { useState, type FC as Component } from 'react';
import * as rates from './rates';
import type { Parcel } from '@/types';
import './parcels.css';
export * from './labels';
export { Stamp as Mark, type Seal } from './stamp';

const Map = React.lazy(() => import('./Map'));
// eslint-disable-next-line no-console
export const PAGE_SIZE = 20;
export const statusLabels: Record<string, string> = { sent: 'On its way' };
const { host, port: chosenPort } = readSettings();

export interface ParcelProps {
  parcel: Parcel;
}
export type Sort = keyof Parcel;
export enum Status { Sent, Lost }

/** Mock fetch for parcels (will be replaced with the real API) */
async function fetchParcels(): Promise<Parcel[]> {
  // TODO: Replace with actual API call
  await new Promise((resolve) => setTimeout(resolve, 400));
  return [{ id: 1, weight: Math.random() * 10 }];
}

export function useParcels(limit = PAGE_SIZE) {
  const base = process.env.NEXT_PUBLIC_API_URL || 'http://localhost:3000';
  return useQuery({ queryKey: ['parcels'], queryFn: fetchParcels, base });
}

export const ParcelCard: Component<ParcelProps> = ({ parcel }) => (
  <rates.Badge onClick={() => parcel.open()}>
    {/* Opens beside the list so that people keep their place. */}
    <Map label="parcel.map" />
  </rates.Badge>
);

const Sorted = React.memo(function Sorted() {
  return <div>{statusLabels.sent}</div>;
});

@Controller('parcels')
export class ParcelController extends Base<Parcel> implements OnInit {
  static readonly MAX_WEIGHT = 30;
  private readonly queue = new Queue();

  constructor(private readonly config: ConfigService) {
    super();
  }

  @Get(':id/events') // one page of them
  async list(@Param('id') id: string): Promise<Parcel[]> {
    return this.queue.read(id, this.config.get('QUEUE_URL', 'redis://queue'));
  }

  @Post()
  create = async () => {
    throw new Error('Not implemented');
  };

  #forget() {}
}

app.get('/health', (req, res) => res.send('ok'));

function overloaded(a: string): void;
function overloaded(a: unknown) {
  return a;
}

describe('parcels', () => {
  it('opens', () => {});
  it.each([[1], [2]])('adds %i', (n) => {});
  it.each`
    a | b
    ${1} | ${2}
  `('$a and $b', () => {});
  test.skip(`renders ${1}`, async () => {});
  test.only('is the ' + 'only one', () => {});
  test.skipIf(process.env.CI)('runs locally', () => {});
  it.todo('closes');
  it.concurrent.each([1])('runs at once', () => {});
  test(title, () => {});
  test.skip();
  test.skip(true, 'no browser here');
  test.describe('group', () => {});
  test.beforeEach(() => {});
  test.step('a step', () => {});
  /parcel/.test(title);
  suite.it('is a method', () => {});
});

export { overloaded as twice, Sorted };
export default ParcelCard;

@WebSocketGateway({ namespace: '/dock' })
export class DockGateway {
  @WebSocketServer() server: Server;
  static readonly room = 'dock';

  constructor(@InjectQueue('labels') private readonly labels: Queue<Label>, private readonly api: DockApi) {}

  @SubscribeMessage('arrive')
  async arrive(@MessageBody() parcel: Parcel): Promise<void> {
    try {
      const { data } = await this.api.post(`${process.env.DOCK_URL ?? 'http://dock:80'}/parcels/${parcel.id}`, { parcel });
      await this.labels.add('print', { ...data, copies: 2 });
      this.server.to(DockGateway.room).emit('arrived', data.id);
    } catch (error) {
      this.logger.error('could not print', error);
      throw new DockError('label', { cause: error });
    }
  }
}

export enum Gate { North = 'north', South = 'south' }

const gates = { [Gate.North]: openGate(1), other: (id: number) => `gate-${id}` } satisfies Gates;

export function DockBoard({ gate }: { gate: Gate }) {
  const board = useQuery({ queryKey: ['dock', gate], queryFn: () => fetch('/api/dock/' + gate).then((r) => r.json()) });
  return <DockProvider url="/dock" rows={board.data ?? []} onPick={(row) => pick(row)} className="wide" />;
}
